package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"dialogs/servertest"
)

// A soaked dialog is changed by one writer. Its name is the number of the change that made
// it, and bob is an occupant whenever that number is even: an answer that does not fit is
// wrong.
type soaked struct {
	*soak
	id string
	// acked is the last change that the server has acknowledged, and tried the last that
	// was sent: an answer that was asked for in between has a number from acked to tried.
	acked, tried atomic.Int64
	version      int
}

func even(n int64) bool { return n%2 == 0 }

// step makes the next change, through either API.
func (d *soaked) step(r *rand.Rand) {
	n := d.tried.Load() + 1
	d.tried.Store(n)
	var add, remove []string
	if even(n) && !even(d.acked.Load()) {
		add = []string{"bob"}
	}
	if !even(n) && even(d.acked.Load()) {
		remove = []string{"bob"}
	}
	if r.IntN(2) == 0 {
		for d.updateDialog(n, add, remove) != nil { // with the key, it is made once
			if d.T.Context().Err() != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	} else if d.put(n, add, remove) != nil {
		d.settle(n, lateMost)
		return
	}
	d.acked.Store(n)
	d.version++
	d.changes.Add(1)
}

// lateMost is how long after a failure a change without a key may still be made: the
// database can have it, and be slow.
const lateMost = 2 * time.Second

func (d *soaked) updateDialog(n int64, add, remove []string) error {
	input := map[string]any{
		"name": strconv.FormatInt(n, 10), "addOccupants": add, "removeOccupants": remove, "idempotencyKey": fmt.Sprint(d.id, "-", n),
	}
	data, err := d.graphql(d.alice, `mutation($id: ID!, $in: UpdateDialogInput!) { updateDialog(id: $id, input: $in) { dialog { id name version } } }`,
		map[string]any{"id": d.id, "in": input})
	if err != nil {
		return err
	}
	var got struct {
		UpdateDialog struct{ Dialog seen }
	}
	servertest.Decode(d.T, data, &got)
	if want := (seen{d.id, strconv.FormatInt(n, 10), d.version + 1}); got.UpdateDialog.Dialog != want {
		d.wrong("updateDialog answered %+v, want %+v", got.UpdateDialog.Dialog, want)
	}
	return nil
}

func (d *soaked) put(n int64, add, remove []string) error {
	body := map[string]any{"name": strconv.FormatInt(n, 10)}
	if add != nil {
		body["push_all"] = map[string]any{"occupants_ids": add}
	}
	if remove != nil {
		body["pull_all"] = map[string]any{"occupants_ids": remove}
	}
	answer, err := d.quickblox(d.alice, http.MethodPut, "/chat/Dialog/"+d.id+".json", body)
	if err != nil {
		return err
	}
	var got struct{ Name string }
	servertest.Decode(d.T, answer, &got)
	if got.Name != strconv.FormatInt(n, 10) {
		d.wrong("PUT answered the name %q, want %d", got.Name, n)
	}
	return nil
}

// seen is a dialog as an answer has it.
type seen struct {
	ID, Name string
	Version  int
}

// settle finds out whether a change was made whose answer did not come. It waits until the
// dialog has stayed the same for a while.
func (d *soaked) settle(n int64, quiet time.Duration) {
	var last seen
	since := time.Now()
	for same := 0; same < 2 || time.Since(since) < quiet; {
		data, err := d.graphql(d.alice, `query($id: ID!) { dialog(id: $id) { id name version } }`, map[string]any{"id": d.id})
		if errors.Is(err, errNotVisible) {
			d.wrong("%s is gone", d.id)
			return
		}
		if err != nil {
			if d.T.Context().Err() != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
			continue
		}
		var got struct{ Dialog seen }
		servertest.Decode(d.T, data, &got)
		if got.Dialog == last {
			same++
		} else {
			last, same, since = got.Dialog, 0, time.Now()
		}
		time.Sleep(50 * time.Millisecond)
	}
	switch last {
	case seen{d.id, strconv.FormatInt(d.acked.Load(), 10), d.version}:
	case seen{d.id, strconv.FormatInt(n, 10), d.version + 1}:
		d.acked.Store(n)
		d.version++
	default: // continues with what is there
		d.wrong("change %d was acknowledged and %d was sent, and the dialog is %+v (version %d was acknowledged)", d.acked.Load(), n, last, d.version)
	}
}

// A way reads one dialog or a list. It returns the names by their ids; what the caller may
// not see is missing.
type way struct {
	name string
	read func(s *soak, as servertest.Header, id string) (map[string]string, error)
}

var ways = []way{
	{"dialog", func(s *soak, as servertest.Header, id string) (map[string]string, error) {
		data, err := s.graphql(as, `query($id: ID!) { dialog(id: $id) { id name version } }`, map[string]any{"id": id})
		if errors.Is(err, errNotVisible) {
			return nil, nil
		}
		var got struct{ Dialog *seen }
		if err != nil || json.Unmarshal(data, &got) != nil || got.Dialog == nil {
			return nil, err
		}
		return map[string]string{id: got.Dialog.Name}, nil
	}},
	{"dialogs", func(s *soak, as servertest.Header, _ string) (map[string]string, error) {
		data, err := s.graphql(as, `{ dialogs(first: 100) { nodes { id name version } } }`, nil)
		var got struct{ Dialogs struct{ Nodes []seen } }
		if err != nil {
			return nil, err
		}
		servertest.Decode(s.T, data, &got)
		names := map[string]string{}
		for _, d := range got.Dialogs.Nodes {
			names[d.ID] = d.Name
		}
		return names, nil
	}},
	{"GET /chat/Dialog", func(s *soak, as servertest.Header, id string) (map[string]string, error) {
		body, err := s.quickblox(as, http.MethodGet, "/chat/Dialog/"+id+".json", nil)
		if errors.Is(err, errNotVisible) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		var got struct{ Name string }
		servertest.Decode(s.T, body, &got)
		return map[string]string{id: got.Name}, nil
	}},
	{"GET /chat/Dialog.json", func(s *soak, as servertest.Header, _ string) (map[string]string, error) {
		body, err := s.quickblox(as, http.MethodGet, "/chat/Dialog.json?limit=100", nil)
		if err != nil {
			return nil, err
		}
		var got struct {
			Items []struct {
				ID   string `json:"_id"`
				Name string
			}
		}
		servertest.Decode(s.T, body, &got)
		names := map[string]string{}
		for _, d := range got.Items {
			names[d.ID] = d.Name
		}
		return names, nil
	}},
}

// look reads by one of the ways, as one of the users, and compares the answer with what the
// changes allow.
func (s *soak) look(r *rand.Rand) {
	how, d := ways[r.IntN(len(ways))], s.dialogs[r.IntN(len(s.dialogs))]
	as, isBob := s.alice, false
	switch r.IntN(3) {
	case 0:
		as, isBob = s.bob, true
	case 1:
		as = s.token
	}
	before := make([]int64, len(s.dialogs))
	for i, d := range s.dialogs {
		before[i] = d.acked.Load()
	}
	got, err := how.read(s, as, d.id)
	if err != nil {
		return // counted
	}
	s.reads.Add(1)
	for i, other := range s.dialogs {
		if other != d && (how.name == "dialog" || how.name == "GET /chat/Dialog") {
			continue
		}
		least, most := before[i], other.tried.Load()
		name, listed := got[other.id]
		n, _ := strconv.ParseInt(name, 10, 64)
		switch {
		case listed && (n < least || n > most || isBob && !even(n)):
			s.wrong("%s has change %d of %s, which was between %d and %d (bob asks: %t)", how.name, n, other.id, least, most, isBob)
		case !listed && (!isBob || least == most && even(least)):
			s.wrong("%s lacks %s, which was between %d and %d (bob asks: %t)", how.name, other.id, least, most, isBob)
		}
	}
}

// come creates a dialog and deletes it: in between it is there, and then it is gone.
func (s *soak) come(r *rand.Rand) {
	data, err := s.graphql(s.alice, `mutation { createDialog(input: {type: GROUP, name: "short"}) { dialog { id } } }`, nil)
	if err != nil {
		return
	}
	var made struct {
		CreateDialog struct{ Dialog struct{ ID string } }
	}
	servertest.Decode(s.T, data, &made)
	id := made.CreateDialog.Dialog.ID
	how := ways[r.IntN(2)*2]
	if got, err := how.read(s, s.alice, id); err == nil && got[id] != "short" {
		s.wrong("%s does not have %s, whose creation was acknowledged", how.name, id)
	}
	if _, err := s.graphql(s.alice, `mutation($id: ID!) { deleteDialog(id: $id) { deletedId } }`, map[string]any{"id": id}); err != nil {
		return
	}
	if got, err := how.read(s, s.alice, id); err == nil && len(got) > 0 {
		s.wrong("%s has %s, whose deletion was acknowledged", how.name, id)
	}
	s.changes.Add(2)
}

// errNotVisible is the answer for dialogs that the caller cannot see, and errRefused any
// other error that the documents allow.
var (
	errNotVisible = errors.New("not visible")
	errRefused    = errors.New("refused")
)

// graphql sends an operation, and returns the data. Errors are counted by their code.
func (s *soak) graphql(as servertest.Header, query string, variables map[string]any) ([]byte, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		s.Fatal(err)
	}
	early := s.early.Load()
	reply, err := s.Load().Try(as, body)
	if err != nil {
		s.count("no answer")
		return nil, err
	}
	if len(reply.Errors) > 0 {
		return nil, s.refused("GraphQL", reply.Errors[0].Extensions.Code, reply.Status, reply.Body, (early || s.early.Load()) && as[0] == s.token[0])
	}
	data, err := json.Marshal(reply.Data)
	return data, err
}

// quickblox sends a request to the other API.
func (s *soak) quickblox(as servertest.Header, method, path string, body any) ([]byte, error) {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			s.Fatal(err)
		}
		as = append(as[:len(as):len(as)], "Content-Type", "application/json")
	}
	early := s.early.Load()
	answer, err := s.Load().TryDo(method, path, as, content)
	if err != nil {
		s.count("no answer")
		return nil, err
	}
	if answer.Status == http.StatusOK {
		return answer.Body, nil
	}
	var shape struct{ Errors []string }
	if json.Unmarshal(answer.Body, &shape) != nil || len(shape.Errors) == 0 {
		s.wrong("QuickBlox: an error of an unknown shape: %d %s", answer.Status, answer.Body)
	}
	code := map[int]string{
		http.StatusUnauthorized: "UNAUTHENTICATED", http.StatusForbidden: "FORBIDDEN", http.StatusNotFound: "NOT_FOUND", http.StatusServiceUnavailable: "UNAVAILABLE",
	}[answer.Status]
	return nil, s.refused("QuickBlox", code, answer.Status, answer.Body, (early || s.early.Load()) && as[0] == s.token[0])
}

// refused judges an error: the load only does what is allowed, so only faults explain it.
func (s *soak) refused(from, code string, status int, body []byte, early bool) error {
	switch {
	case code == "NOT_FOUND", code == "FORBIDDEN": // the reader decides whether that is right
		return errNotVisible
	case code == "UNAVAILABLE", code == "UNAUTHENTICATED" && early:
		s.count(fmt.Sprintf("%s %s (%d)", from, code, status))
		return errRefused
	}
	s.wrong("%s answered %d %s", from, status, body)
	return errRefused
}
