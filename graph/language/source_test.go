package language_test

import (
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// argument is the only argument of a document's first field.
func argument(t *testing.T, doc *ast.QueryDocument) string {
	t.Helper()
	field, ok := doc.Operations[0].SelectionSet[0].(*ast.Field)
	if !ok {
		t.Fatal("the document does not begin with a field")
	}
	return field.Arguments[0].Value.Raw
}

func TestStrings(t *testing.T) {
	l := load(t, schemas[1])
	for _, test := range []struct{ reason, written, value string }{
		{"a plain string", `"a"`, "a"},
		{"escapes", `"\"\\\/\b\f\n\r\t\u0041\u{1F600}\uD83D\uDE00"`, "\"\\/\b\f\n\r\tA😀😀"},
		{"a control character", "\"a\x01b\"", "a\x01b"},
		{"a block on one line", `"""  a  """`, "  a  "},
		{"an empty block", `""""""`, ""},
		{"quotation marks in a block", `"""a "b" ""c"""`, `a "b" ""c`},
		{"three of them, escaped", `"""a \""" b"""`, `a """ b`},
		{"nothing else is an escape in a block", `"""\n \\ \uD83D"""`, `\n \\ \uD83D`},
		{"the first line does not count for the indentation", "\"\"\"a\n    b\n      c\"\"\"", "a\nb\n  c"},
		{"later lines keep what is deeper", "\"\"\"\n    a\n      b\n\n    c\n  \"\"\"", "a\n  b\n\nc"},
		{"tabs are indentation", "\"\"\"\n\ta\n\t\tb\"\"\"", "a\n\tb"},
		{"blank lines go at both ends", "\"\"\"\n \t\n\n  a\n\n \n\"\"\"", "a"},
		{"all ends of lines are one line feed", "\"\"\"a\r\n  b\r  c\n  d\"\"\"", "a\nb\nc\nd"},
		{"a comment's sign", `"""# a"""`, "# a"},
	} {
		t.Run(test.reason, func(t *testing.T) {
			doc, err := l.Parse("{ leaf(string: " + test.written + ") }")
			if err != nil {
				t.Fatal(err)
			}
			if got := argument(t, doc); got != test.value {
				t.Errorf("got %q, want %q", got, test.value)
			}
		})
	}
}

// TestPlaces checks that errors point to what the client wrote, even after a
// string that was rewritten.
func TestPlaces(t *testing.T) {
	l := load(t, schemas[1])
	for _, test := range []struct {
		reason, query string
		line, column  int
	}{
		{"after a block on one line", `{ leaf(string: """a""") nope }`, 1, 25},
		{"after a block of several lines", "{ leaf(string: \"\"\"a\n  b\n  c\"\"\") nope }", 3, 9},
		{"on the line after it", "{ leaf(string: \"\"\"a\r\n  b\"\"\")\r\n  nope }", 3, 3},
		{"after a comment", "{ leaf # \"\"\" \x01\n nope }", 2, 2},
		{"after characters of several bytes", `{ leaf(string: """éé😀""") nope }`, 1, 27},
		{"after CRLF", "{\r\n  leaf\r\n  nope\r\n}", 3, 3},
	} {
		t.Run(test.reason, func(t *testing.T) {
			doc, err := l.Parse(test.query)
			if err != nil {
				t.Fatal(err)
			}
			errs := l.Validate(doc)
			if len(errs) != 1 || len(errs[0].Locations) != 1 {
				t.Fatalf("got %v, want one error in one place", errs)
			}
			if at := errs[0].Locations[0]; at.Line != test.line || at.Column != test.column {
				t.Errorf("got line %d, column %d, want %d, %d", at.Line, at.Column, test.line, test.column)
			}
		})
	}
}

func TestNotParsed(t *testing.T) {
	l := load(t, schemas[1])
	for _, test := range []struct{ reason, query string }{
		{"nothing", ""},
		{"nothing but a comment", "# { leaf }"},
		{"seven quotation marks", `{ leaf(string: """"""") }`},
		{"eight quotation marks", `{ leaf(string: """""""") }`},
		{"a block that does not end", `{ leaf(string: """a) }`},
		{"a string that does not end on its line", "{ leaf(string: \"a\n\") }"},
		{"half a surrogate pair", `{ leaf(string: "\uD83D") }`},
		{"the halves the wrong way round", `{ leaf(string: "\uDE00\uD83D") }`},
		{"a surrogate in braces", `{ leaf(string: "\u{D83D}") }`},
		{"an escape that does not exist", `{ leaf(string: "\x41") }`},
		{"a name behind a number", `{ leaf(int: 1a) }`},
		{"a hexadecimal number", `{ leaf(int: 0x1F) }`},
		{"two fractions", `{ leaf(float: 1.5.2) }`},
		{"leading zeros", `{ leaf(int: 01) }`},
		{"a control character", "{ leaf\x01 }"},
		{"a fragment with variables", `{ ...F } fragment F($x: Int) on Query { leaf }`},
		{"a variable in a default", `query($x: Int = $y) { leaf(int: $x) }`},
	} {
		t.Run(test.reason, func(t *testing.T) {
			if _, err := l.Parse(test.query); err == nil || err.Extensions["code"] == nil || len(err.Locations) != 1 {
				t.Errorf("got %v, want an error with a code and a place", err)
			}
		})
	}
}
