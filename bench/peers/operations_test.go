package peers_test

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// A kind of operation.
type kind int

const (
	getOne kind = iota
	renameOne
	listOwn
)

// The queries of each kind.
type queries [3]string

var plain = queries{
	`query($id: ID!) { dialog(id: $id) { id type name ownerId occupantIds version updatedAt viewerCanRename } }`,
	`mutation($id: ID!, $name: String!) { updateDialog(id: $id, input: {name: $name}) { dialog { id name version } } }`,
	`query { dialogs(first: 20) { nodes { id type name ownerId occupantIds version updatedAt } pageInfo { hasNextPage } } }`,
}

// An operation is what all servers are asked.
type operation struct {
	name string
	kind kind
	user string
	// dialogs is how many of the first dialogs are asked for, at random. The user owns
	// all of them.
	dialogs int
}

func get(user string, dialogs int) operation { return operation{"get", getOne, user, dialogs} }

func rename(user string, dialogs int) operation { return operation{"rename", renameOne, user, dialogs} }

// list reads the first page of the user's own dialogs.
func list(name, user string) operation { return operation{name, listOwn, user, 1} }

// A request is one of an operation's requests: the nth one of a client.
type request struct{ dialog, client, n int }

// appendVariables appends the variables as JSON. It does not allocate.
func (o *operation) appendVariables(b []byte, r request) []byte {
	if o.kind == listOwn {
		return append(b, "{}"...)
	}
	b = append(appendID(append(b, `{"id":"`...), r.dialog), '"')
	if o.kind == renameOne {
		b = append(appendName(append(b, `,"name":"`...), r), '"')
	}
	return append(b, '}')
}

func appendName(b []byte, r request) []byte {
	b = strconv.AppendInt(append(b, "Lunch "...), int64(r.n), 10)
	return strconv.AppendInt(append(b, " of "...), int64(r.client), 10)
}

// answer is the part of answers that is checked.
type answer struct {
	Data struct {
		Dialog       *struct{ ID, OwnerID string }
		UpdateDialog *struct{ Dialog struct{ ID, Name string } }
		Dialogs      *struct {
			Nodes []struct {
				ID          string
				OccupantIDs []string
			}
		}
	}
	Errors []json.RawMessage
}

// check compares an answer with what it must have.
func (o *operation) check(body []byte, r request) error {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return fmt.Errorf("%s: %w: %s", o.name, err, body)
	}
	d, id := a.Data, textID(r.dialog)
	switch {
	case len(a.Errors) > 0:
	case o.kind == getOne && d.Dialog != nil && d.Dialog.ID == id && d.Dialog.OwnerID == o.user,
		o.kind == renameOne && d.UpdateDialog != nil && d.UpdateDialog.Dialog.ID == id && d.UpdateDialog.Dialog.Name == string(appendName(nil, r)),
		o.kind == listOwn && d.Dialogs != nil && len(d.Dialogs.Nodes) == 20 && len(d.Dialogs.Nodes[19].OccupantIDs) == 10:
		return nil
	}
	return fmt.Errorf("%s: wrong answer: %s", o.name, body)
}
