package playground

// HandlerOf is the handler before any page: tests must not depend on whether
// npm has built one.
var HandlerOf = handlerOf
