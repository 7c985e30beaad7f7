package peers_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

const (
	getQuery    = `query($id: ID!) { dialog(id: $id) { id type name ownerId occupantIds version updatedAt viewerCanRename } }`
	renameQuery = `mutation($id: ID!, $name: String!) { updateDialog(id: $id, input: {name: $name}) { dialog { id name version } } }`
	listQuery   = `query { dialogs(first: 20) { nodes { id type name ownerId occupantIds version updatedAt } pageInfo { hasNextPage } } }`
)

// An operation is what all servers are asked.
type operation struct {
	name, query, user string
	// make returns the variables of a request, and what its answer must have.
	make func(random *rand.Rand, client, n int) (variables string, want [2]string)
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
func (o *operation) check(body []byte, want [2]string) error {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		return fmt.Errorf("%s: %w: %s", o.name, err, body)
	}
	d := a.Data
	switch {
	case len(a.Errors) > 0:
	case o.query == getQuery && d.Dialog != nil && d.Dialog.ID == want[0] && d.Dialog.OwnerID == o.user,
		o.query == renameQuery && d.UpdateDialog != nil && d.UpdateDialog.Dialog.ID == want[0] && d.UpdateDialog.Dialog.Name == want[1],
		o.query == listQuery && d.Dialogs != nil && len(d.Dialogs.Nodes) == 20 && len(d.Dialogs.Nodes[19].OccupantIDs) == 10:
		return nil
	}
	return fmt.Errorf("%s: wrong answer: %s", o.name, body)
}

// get reads and rename renames a random one of the first dialogs, all of which the user owns.
func get(user string, dialogs int) operation {
	return operation{"get", getQuery, user, func(random *rand.Rand, _, _ int) (string, [2]string) {
		id := textID(random.IntN(dialogs))
		return fmt.Sprintf(`{"id":%q}`, id), [2]string{id}
	}}
}

func rename(user string, dialogs int) operation {
	return operation{"rename", renameQuery, user, func(random *rand.Rand, client, n int) (string, [2]string) {
		id, name := textID(random.IntN(dialogs)), fmt.Sprintf("Lunch %d of %d", n, client)
		return fmt.Sprintf(`{"id":%q,"name":%q}`, id, name), [2]string{id, name}
	}}
}

// list reads the first page of the user's own dialogs.
func list(name, user string) operation {
	return operation{name, listQuery, user, func(*rand.Rand, int, int) (string, [2]string) { return "{}", [2]string{} }}
}
