package answer

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"dialogs/budget"
	"dialogs/graph/scalar"
)

const (
	// objectMemory is what an object takes besides its text, and holeMemory what a
	// value takes that is not in it.
	objectMemory = 256
	holeMemory   = 128
	// leastRoom is the room for the text of an object besides the length of the latest one.
	leastRoom = 64
	// mostRoom is how much of it an object may keep, besides as much as its text takes.
	mostRoom = 512
	// largeList is the length of a list that is counted before it is written.
	largeList = 4 << 10
	// mostExpected is the longest text that is expected because the latest one was so long.
	mostExpected = 4 << 10
)

// An Object is the text of an object, with holes for the values that are written by
// themselves. Fields are written one after the other: [Object.Field], then the value.
type Object struct {
	*set
	op      *Operation
	text    []byte
	holes   []hole
	later   []later
	counted int
	refused error
	invalid bool
	// uncounted objects count nothing themselves.
	uncounted bool
}

// A hole is a value that comes at a place in the text.
type hole struct {
	at    int
	value graphql.Marshaler
}

// A later value is computed beside others.
type later struct {
	hole    int
	nonNull bool
	value   func(context.Context) graphql.Marshaler
}

// Begin begins an object of a type, which has the fields that are selected of it and
// of its interfaces.
func Begin(ctx context.Context, oc *graphql.OperationContext, selection ast.SelectionSet, types []string) *Object {
	op := operationOf(ctx)
	s := op.set(oc, selection, types)
	return &Object{set: s, op: op, text: make([]byte, 0, min(s.length.Load(), mostExpected)+leastRoom)}
}

// Root begins an object of a root type, whose fields are counted one by one.
func Root(ctx context.Context, oc *graphql.OperationContext, selection ast.SelectionSet, types []string) *Object {
	o := Begin(ctx, oc, selection, types)
	o.uncounted = true
	return o
}

// Fields is how many fields the object has.
func (o *Object) Fields() int { return len(o.fields) }

// Field begins the field at an index.
func (o *Object) Field(i int) *graphql.CollectedField {
	if i == 0 {
		o.text = append(o.text, '{')
	} else {
		o.text = append(o.text, ',')
	}
	o.text = append(o.text, '"')
	o.text = append(o.text, o.fields[i].Alias...)
	o.text = append(o.text, '"', ':')
	return &o.fields[i]
}

// Value adds a value that is written by itself. The object is null if it must not be.
func (o *Object) Value(value graphql.Marshaler, nonNull bool) {
	o.check(value, nonNull)
	o.holes = append(o.holes, hole{len(o.text), value})
}

// Later adds a value that is computed when all fields have been added, beside others.
func (o *Object) Later(nonNull bool, value func(context.Context) graphql.Marshaler) {
	o.later = append(o.later, later{len(o.holes), nonNull, value})
	o.holes = append(o.holes, hole{len(o.text), graphql.Null})
}

// RootField adds a root field: if it may, and there are others, beside these.
func (o *Object) RootField(ctx context.Context, oc *graphql.OperationContext, field *graphql.CollectedField, beside, nonNull bool, resolve func(context.Context, graphql.CollectedField) graphql.Marshaler) {
	ctx = graphql.WithRootFieldContext(ctx, &graphql.RootFieldContext{Object: field.Name, Field: *field})
	if beside && len(o.fields) > 1 {
		o.Later(nonNull, func(context.Context) graphql.Marshaler { return rootValue(ctx, oc, field, resolve) })
	} else {
		o.Value(rootValue(ctx, oc, field, resolve), nonNull)
	}
}

func rootValue(ctx context.Context, oc *graphql.OperationContext, field *graphql.CollectedField, resolve func(context.Context, graphql.CollectedField) graphql.Marshaler) graphql.Marshaler {
	return oc.RootResolverMiddleware(ctx, func(ctx context.Context) graphql.Marshaler { return recovered(ctx, oc, *field, resolve) })
}

// recovered is null after a panic.
func recovered(ctx context.Context, oc *graphql.OperationContext, field graphql.CollectedField, resolve func(context.Context, graphql.CollectedField) graphql.Marshaler) (value graphql.Marshaler) {
	defer func() {
		if r := recover(); r != nil {
			oc.Error(ctx, oc.Recover(ctx, r))
			value = graphql.Null
		}
	}()
	return resolve(ctx, field)
}

func (o *Object) check(value graphql.Marshaler, nonNull bool) {
	if nonNull && value == graphql.Null || value == graphql.RequiredNull {
		o.invalid = true
	}
}

// End ends the object: it is null if a value that must not be null is, or if the
// answer is refused.
func (o *Object) End(ctx context.Context) graphql.Marshaler {
	o.text = append(o.text, '}')
	if len(o.fields) == 0 {
		o.text = append(o.text[:0], "{}"...)
	}
	o.length.Store(int64(len(o.text)))
	if cap(o.text) > 2*len(o.text)+mostRoom { // the object before was much larger
		o.text = bytes.Clone(o.text)
	}
	o.compute(ctx)
	o.count(ctx, len(o.text)-o.counted, objectMemory+int64(len(o.holes))*holeMemory)
	if o.refused != nil {
		graphql.AddError(ctx, o.refused)
		return graphql.Null
	}
	if o.invalid {
		return graphql.Null
	}
	return o
}

// compute computes the later values, all at once.
func (o *Object) compute(ctx context.Context) {
	if len(o.later) == 0 {
		return
	}
	var others sync.WaitGroup
	for _, l := range o.later[1:] {
		others.Go(func() { o.holes[l.hole].value = l.value(ctx) })
	}
	first := o.later[0]
	o.holes[first.hole].value = first.value(ctx)
	others.Wait()
	for _, l := range o.later {
		o.check(o.holes[l.hole].value, l.nonNull)
	}
}

func (o *Object) count(ctx context.Context, length int, memory int64) {
	if o.op.meter != nil && o.refused == nil && !o.uncounted {
		o.refused = o.op.meter.Count(ctx, int64(length), memory)
	}
}

// MarshalGQL writes the object.
func (o *Object) MarshalGQL(w io.Writer) {
	from := 0
	for _, h := range o.holes {
		_, _ = w.Write(o.text[from:h.at])
		h.value.MarshalGQL(w)
		from = h.at
	}
	_, _ = w.Write(o.text[from:])
}

// Text is the text of an answer.
func Text(m graphql.Marshaler) []byte {
	text := pieces{make([]byte, 0, lengthOf(m))}
	text.add(m)
	return text.text
}

// pieces are the text of an answer so far.
type pieces struct{ text []byte }

// Write adds what others write than objects.
func (p *pieces) Write(piece []byte) (int, error) {
	p.text = append(p.text, piece...)
	return len(piece), nil
}

func (p *pieces) add(m graphql.Marshaler) {
	o, ok := m.(*Object)
	if !ok {
		m.MarshalGQL(p)
		return
	}
	from := 0
	for _, h := range o.holes {
		p.text = append(p.text, o.text[from:h.at]...)
		p.add(h.value)
		from = h.at
	}
	p.text = append(p.text, o.text[from:]...)
}

// lengthOf is the length of a text, if it consists of objects that are written.
func lengthOf(m graphql.Marshaler) int {
	length := 2
	switch m := m.(type) {
	case *Object:
		length += len(m.text)
		for _, h := range m.holes {
			length += lengthOf(h.value)
		}
	case graphql.Array:
		for _, item := range m {
			length += 1 + lengthOf(item)
		}
	default:
		length = scalarBytes
	}
	return length
}

// scalarBytes is what a value has that is not written.
const scalarBytes = 16

// The values that are written into the text, as the scalars of the schema.

// Null writes null.
func (o *Object) Null() { o.text = append(o.text, "null"...) }

// Enum writes the name of a value.
func (o *Object) Enum(name string) { o.text = scalar.AppendString(o.text, name) }

// ID writes an id.
func (o *Object) ID(id string) { o.text = scalar.AppendString(o.text, id) }

// String writes a text.
func (o *Object) String(s string) { o.text = scalar.AppendString(o.text, s) }

// Int writes a whole number.
func (o *Object) Int(n int) { o.text = scalar.AppendInt(o.text, n) }

// Boolean writes true or false.
func (o *Object) Boolean(b bool) { o.text = scalar.AppendBoolean(o.text, b) }

// DateTime writes an instant.
func (o *Object) DateTime(t time.Time) { o.text = scalar.AppendDateTime(o.text, t) }

// Strings writes a list of texts. A long one is counted first.
func (o *Object) Strings(ctx context.Context, list []string) {
	length := 2
	for _, s := range list {
		length += int(budget.TextBytes(s)) + 1
	}
	if length > largeList {
		o.count(ctx, length, 0)
		o.counted += length
		if o.refused != nil {
			list = nil
		}
	}
	o.text = append(o.text, '[')
	for i, s := range list {
		o.Next(i)
		o.text = scalar.AppendString(o.text, s)
	}
	o.text = append(o.text, ']')
}

// Open begins a list, Next its next element, and Close ends it.
func (o *Object) Open() { o.text = append(o.text, '[') }

// Next begins the element at an index of a list.
func (o *Object) Next(i int) {
	if i > 0 {
		o.text = append(o.text, ',')
	}
}

// Close ends a list.
func (o *Object) Close() { o.text = append(o.text, ']') }
