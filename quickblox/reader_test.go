package quickblox_test

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
	"dialogs/quickblox"
)

const (
	first  = `{"_id": "5d75393ba28f9a17e1cb0f9e", "type": 2, "name": "Party", "user_id": 1, "occupants_ids": [1, 2], "created_at": "2019-09-08T17:24:11Z", "updated_at": "2019-09-08T19:36:54Z"}`
	second = `{"_id": "5d75393ba28f9a17e1cb0f9f", "type": 3, "name": "Bob", "user_id": 1, "occupants_ids": [1, 2], "created_at": 1567963451}`
)

// readAll reads to the end, and returns the ids, those of wrong ones with a
// question mark behind them, and the error that ended it.
func readAll(r *quickblox.Reader) (string, error) {
	var ids []string
	for {
		f, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return strings.Join(ids, " "), nil
		case dialog.IsCode(err, dialog.Invalid):
			ids = append(ids, f.ID.Value+"?")
		case err != nil:
			return strings.Join(ids, " "), err
		default:
			ids = append(ids, f.ID.Value)
		}
	}
}

func TestReaderForms(t *testing.T) {
	const both = "5d75393ba28f9a17e1cb0f9e 5d75393ba28f9a17e1cb0f9f"
	for _, tt := range []struct {
		reason, text, want string
		total              int
	}{
		{"nothing", "", "", 0},
		{"a page", `{"total_entries": 7, "skip": 0, "limit": 2, "items": [` + first + "," + second + `]}`, both, 7},
		{"a page with its items first", `{"items": [` + first + "," + second + `], "total_entries": 7}`, both, 7},
		{"pages", `{"items": [` + first + `]}` + "\n" + `{"items": []} {"items": [` + second + `]}`, both, 0},
		{"a list", `[` + first + "," + second + `]`, both, 0},
		{"an empty list", `[]`, "", 0},
		{"JSON Lines", first + "\n" + second + "\n", both, 0},
		{"a mixture", `[` + first + `]{"items": [` + second + `]}`, both, 0},
		{"a wrong one among them", `[` + first + `, 5, {}, null, ` + second + `]`, "5d75393ba28f9a17e1cb0f9e ? ? ? 5d75393ba28f9a17e1cb0f9f", 0},
		{"a count", `{"items": {"count": 5}}`, "?", 0},
	} {
		for _, reader := range []io.Reader{strings.NewReader(tt.text), iotest.OneByteReader(strings.NewReader(tt.text))} {
			r := quickblox.NewReader(reader)
			got, err := readAll(r)
			if err != nil || got != tt.want || r.Total() != tt.total {
				t.Errorf("%s: got %q of %d and error %v, want %q of %d", tt.reason, got, r.Total(), err, tt.want, tt.total)
			}
		}
	}
}

func TestReaderBroken(t *testing.T) {
	for _, tt := range []struct{ reason, text, want, message string }{
		{"half a page", `{"items": [` + first + `, {"_id": `, "5d75393ba28f9a17e1cb0f9e", "unexpected end"},
		{"half a list", `[` + first, "5d75393ba28f9a17e1cb0f9e", "unexpected end"},
		{"no JSON", first + " nonsense", "5d75393ba28f9a17e1cb0f9e", "byte"},
		{"a text", `"x"`, "", "must be a list or an object"},
		{"broken UTF-8", "{\"name\": \"\xff\"}", "", "byte"},
		{"a member twice", `{"_id": "a", "_id": "b"}`, "", "byte"},
	} {
		got, err := readAll(quickblox.NewReader(strings.NewReader(tt.text)))
		if err == nil || !strings.Contains(err.Error(), tt.message) || got != tt.want {
			t.Errorf("%s: got %q and error %v, want %q and one with %q", tt.reason, got, err, tt.want, tt.message)
		}
	}
	r := quickblox.NewReader(iotest.ErrReader(errors.New("the disk is gone")))
	if _, err := r.Next(); err == nil || !strings.Contains(err.Error(), "the disk is gone") {
		t.Errorf("got error %v", err)
	}
}

func TestReaderDialogs(t *testing.T) {
	created := time.Date(2019, 9, 8, 17, 24, 11, 0, time.UTC)
	people := []dialog.UserID{"1", "2"}
	for _, tt := range []struct {
		reason, text string
		want         dialog.Foreign
	}{
		{"a group", first, dialog.Foreign{CreatedAt: created, UpdatedAt: created.Add(2*time.Hour + 12*time.Minute + 43*time.Second), Creation: dialog.Creation{
			ID: dialog.Some("5d75393ba28f9a17e1cb0f9e"), Type: dialog.Group, Name: dialog.Some("Party"), Owner: dialog.Some(dialog.UserID("1")), Occupants: people,
		}}},
		{"a private dialog, whose name is the other user's", second, dialog.Foreign{CreatedAt: created, UpdatedAt: created, Creation: dialog.Creation{
			ID: dialog.Some("5d75393ba28f9a17e1cb0f9f"), Type: dialog.Private, Owner: dialog.Some(dialog.UserID("1")), Occupants: people,
		}}},
		{
			"everything, with what is not kept here",
			`{"_id": "5d75393ba28f9a17e1cb0f9e", "type": 1, "name": "Square", "photo": "68123", "user_id": "a", "occupants_ids": [5], "admin_ids": [2],
			"created_at": "2019-09-08T17:24:11Z", "data": {"class_name": "Card", "level": 5, "note": null}, "last_message": "hi", "unread_messages_count": 3, "anything": {"else": []}}`,
			dialog.Foreign{CreatedAt: created, UpdatedAt: created, Creation: dialog.Creation{
				ID: dialog.Some("5d75393ba28f9a17e1cb0f9e"), Type: dialog.PublicGroup, Name: dialog.Some("Square"), Photo: dialog.Some("68123"),
				Owner: dialog.Some(dialog.UserID("a")), Admins: []dialog.UserID{"2"},
				Custom: []dialog.CustomInput{{Class: "Card", Fields: map[string]any{"level": json.Number("5"), "note": nil}}},
			}},
		},
	} {
		got, err := quickblox.NewReader(strings.NewReader(tt.text)).Next()
		if err != nil {
			t.Fatalf("%s: %v", tt.reason, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.reason, diff)
		}
	}
}

// TestWhatIsShownCanBeRead reads the API's own answers as if they were
// QuickBlox's.
func TestWhatIsShownCanBeRead(t *testing.T) {
	c := openCrowd(t)
	r := quickblox.NewReader(strings.NewReader(c.get(server(), "/chat/Dialog.json").Body))
	for range c.ids {
		f, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		adopted, err := c.service.Adopt(t.Context(), server(), f)
		if err != nil {
			t.Fatalf("%s: %v", f.ID.Value, err)
		}
		there, err := c.service.Dialog(t.Context(), server(), f.ID.Value, false)
		if err != nil {
			t.Fatal(err)
		}
		adopted.Version, adopted.History = there.Version, nil
		if diff := cmp.Diff(there, adopted); diff != "" {
			t.Errorf("another dialog (-there +read):\n%s", diff)
		}
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) || r.Total() != len(c.ids) {
		t.Errorf("got error %v and a total of %d, want the end behind %d", err, r.Total(), len(c.ids))
	}
}

func TestExplain(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{dialog.InvalidInput("occupantIds", "too many"), "occupants_ids: too many"},
		{dialog.InvalidInput("", "too many"), "too many"},
		{io.ErrUnexpectedEOF, "unexpected EOF"},
	} {
		if got := quickblox.Explain(tt.err); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// TestReaderAdmins takes the admins by both names that they have in
// QuickBlox's pages.
func TestReaderAdmins(t *testing.T) {
	for _, members := range []string{
		`"admin_ids": [2, "x"]`, `"admins_ids": [2, "x"]`, `"admins_ids": [2, "x"], "admin_ids": null`, `"admins_ids": [1], "admin_ids": [2, "x"]`,
	} {
		f, err := quickblox.NewReader(strings.NewReader(strings.TrimSuffix(first, "}") + ", " + members + "}")).Next()
		if err != nil {
			t.Errorf("%s: %v", members, err)
		}
		if diff := cmp.Diff([]dialog.UserID{"2", "x"}, f.Admins); diff != "" {
			t.Errorf("%s: other admins (-want +got):\n%s", members, diff)
		}
	}
}

// A flow is a page without end that counts how much of it was read.
type flow struct {
	text strings.Reader
	left int
	read int
}

func (f *flow) Read(p []byte) (int, error) {
	if f.text.Len() == 0 {
		if f.left == 0 {
			return 0, io.EOF
		}
		f.left--
		f.text.Reset("," + first)
	}
	n, err := f.text.Read(p)
	f.read += n
	return n, err
}

// TestReaderHoldsOne reads a page of many dialogs, and never far ahead.
func TestReaderHoldsOne(t *testing.T) {
	many, ahead := dialogtest.Times(2000, 20_000), 64<<10
	page := &flow{left: many - 1}
	page.text.Reset(`{"items": [` + first)
	r := quickblox.NewReader(page)
	for n := range many - 1 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if page.read-n*(len(first)+1) > ahead {
			t.Fatalf("%d bytes were read for %d dialogs", page.read, n+1)
		}
	}
}

// An endless text repeats a part for a long time, and tells how much of it was
// read.
type endless struct {
	begin, part string
	left, read  int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.begin != "" {
		n := copy(p, e.begin)
		e.begin = e.begin[n:]
		return n, nil
	}
	if e.left == 0 {
		return 0, io.EOF
	}
	e.left--
	n := copy(p, e.part)
	e.read += n
	return n, nil
}

// TestReaderBoundsValues reads texts with a value of hundreds of megabytes: only a
// small part of them is read, and the error says where.
func TestReaderBoundsValues(t *testing.T) {
	a, one := strings.Repeat("a", 1000), strings.Repeat("1,", 400)
	for _, tt := range []struct{ reason, begin, part, want string }{
		{"a long text in a list", `[` + first + `,{"name":"`, a, "dialog number 2"},
		{"a long text in a dialog of a page", `{"items":[` + first + `,{"name":"`, a, "dialog number 2"},
		{"a long text in a line", first + `{"_id":"5d75","name":"`, a, `dialog number 2 ("5d75")`},
		{"a long text of no use", first + `{"_id":"5d75","anything":"`, a, `dialog number 2 ("5d75")`},
		{"a long list of ids", first + `{"occupants_ids":[`, one, "dialog number 2"},
		{"a long list in a list", `[` + first + `,[`, one, "dialog number 2"},
		{"a long name of a member", first + `{"`, a, "dialog number 2"},
		{"a long number", first + `{"type":1`, strings.Repeat("1", 1000), "dialog number 2"},
		{"white space", first + `[`, strings.Repeat(" ", 1000), "dialog number 2"},
	} {
		source := &endless{begin: tt.begin, part: tt.part, left: 300_000}
		got, err := readAll(quickblox.NewReader(source))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "limit 4194304 bytes") || got != "5d75393ba28f9a17e1cb0f9e" {
			t.Errorf("%s: got %q and error %v, want the first dialog and an error with %q", tt.reason, got, err, tt.want)
		}
		if source.read > 3*quickblox.MaxDialogBytes {
			t.Errorf("%s: %d bytes were read", tt.reason, source.read)
		}
	}
	var members strings.Builder
	members.WriteString(first + `{"_id":"5d75"`)
	for n := range 100_000 { // with long names, because the race detector makes each expensive
		members.WriteString(`,"m` + strings.Repeat("m", 40+n%5) + strconv.Itoa(n) + `":1`)
	}
	if _, err := readAll(quickblox.NewReader(strings.NewReader(members.String()))); err == nil || !strings.Contains(err.Error(), `dialog number 2 ("5d75")`) {
		t.Errorf("many members: got error %v", err)
	}
}
