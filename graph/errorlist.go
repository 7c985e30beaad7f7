package graph

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"dialogs/api"
	"dialogs/dialog"
)

// These limit the errors of an answer. Errors repeat parts of the request, and one mistake
// can cause many errors.
const (
	// requestErrorBytes is for a request that was not executed, and executedErrorBytes for
	// one that was, where each error can be about another object.
	requestErrorBytes  = 15 << 10
	executedErrorBytes = 127 << 10

	longestQuote  = 32 // characters of a name in a message that is too long
	mostLocations = 10
)

// bounded shortens errors, and leaves out the rest of them once the list has more than the
// given number of bytes. In that case, the last error says how many are left out.
func bounded(errs gqlerror.List, most int) gqlerror.List {
	size := 0
	for i, err := range errs {
		errs[i] = shortened(err)
		size += sizeOf(errs[i])
		if size > most && i > 0 {
			rest := &gqlerror.Error{
				Message:    dialog.Counted(len(errs)-i, "more error is", "more errors are") + " omitted",
				Extensions: map[string]any{"code": err.Extensions["code"], "status": err.Extensions["status"]},
			}
			return append(slices.Clip(errs[:i]), rest)
		}
	}
	return errs
}

func shortened(err *gqlerror.Error) *gqlerror.Error {
	if utf8.RuneCountInString(err.Message) <= api.LongestMessage && len(err.Locations) <= mostLocations {
		return err
	}
	short := *err
	short.Message = shortMessage(err.Message)
	short.Locations = err.Locations[:min(len(err.Locations), mostLocations)]
	return &short
}

// quoted matches a name in a message.
var quoted = regexp.MustCompile(`"[^"]+"`)

// shortMessage shortens a message that is too long: first the names in it, then it leaves
// out the last sentence, which is advice, and finally it cuts the message.
func shortMessage(message string) string {
	if utf8.RuneCountInString(message) > api.LongestMessage {
		message = quoted.ReplaceAllStringFunc(message, func(name string) string {
			return `"` + api.Shorten(name[1:len(name)-1], longestQuote) + `"`
		})
	}
	if sentence := strings.LastIndex(message, ". "); sentence > 0 && utf8.RuneCountInString(message) > api.LongestMessage {
		message = message[:sentence+1]
	}
	return api.Shorten(message, api.LongestMessage)
}

// sizeOf returns how many bytes an error takes in an answer.
func sizeOf(err *gqlerror.Error) int {
	text, failure := api.MarshalPlain(err)
	if failure != nil {
		panic("graph: encoding an error: " + failure.Error()) // errors are plain values
	}
	return len(text) + 1
}
