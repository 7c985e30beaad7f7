package peers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"dialogs/dialog"
	"dialogs/store/sqlite"
)

// floorDir is the environment variable that makes the test binary the bare handler,
// on the store in the directory that it names.
const floorDir = "DIALOGS_BENCH_FLOOR_DIR"

// serveFloor is what a server without GraphQL, credentials, limits and a log costs: it
// does the same to the same store, and answers in the same JSON.
func serveFloor(dir string) error {
	store, err := sqlite.Open(context.Background(), dir, sqlite.Options{})
	if err != nil {
		return err
	}
	service := dialog.NewService(store, dialog.DefaultPolicy(dialog.DefaultLimits()), time.Now, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, `{"msg":"serving","address":%q}`+"\n", listener.Addr())
	server := http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := bare(service, r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"data": answer})
	})}
	return server.Serve(listener)
}

// A bareDialog is a dialog as the operations select it.
type bareDialog struct {
	ID              dialog.ID       `json:"id"`
	Type            string          `json:"type,omitempty"`
	Name            string          `json:"name"`
	OwnerID         dialog.UserID   `json:"ownerId,omitempty"`
	OccupantIDs     []dialog.UserID `json:"occupantIds,omitempty"`
	Version         int64           `json:"version"`
	UpdatedAt       string          `json:"updatedAt,omitempty"`
	ViewerCanRename bool            `json:"viewerCanRename,omitempty"`
}

func newBare(d *dialog.Dialog) bareDialog {
	return bareDialog{d.ID, "GROUP", d.Name, d.Owner, d.Occupants, d.Version, d.UpdatedAt.Format(dialog.TimeFormat), true}
}

// bare does one operation. The query tells which one, and is not parsed.
func bare(service *dialog.Service, r *http.Request) (any, error) {
	var in struct {
		Query     string
		Variables struct{ ID, Name, User string }
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	caller := dialog.Caller{User: dialog.UserID(r.Header.Get("User"))}
	switch in.Query {
	case plain[getOne]:
		d, err := service.Dialog(r.Context(), caller, in.Variables.ID, false)
		return map[string]any{"dialog": newBare(&d)}, err
	case plain[renameOne]:
		out, err := service.Update(r.Context(), caller, in.Variables.ID, dialog.Change{Name: dialog.Some(in.Variables.Name)})
		d := bareDialog{ID: out.Dialog.ID, Name: out.Dialog.Name, Version: out.Dialog.Version}
		return map[string]any{"updateDialog": map[string]any{"dialog": d}}, err
	}
	page, err := bareList(r.Context(), service, caller)
	return map[string]any{"dialogs": page}, err
}

func bareList(ctx context.Context, service *dialog.Service, caller dialog.Caller) (any, error) {
	page, err := service.List(ctx, caller, dialog.ListRequest{Scope: dialog.Mine, Order: dialog.Order{Field: dialog.ByUpdatedAt, Descending: true}, First: dialog.Some(20)})
	if err != nil {
		return nil, err
	}
	nodes := make([]bareDialog, len(page.Dialogs))
	for i := range page.Dialogs {
		nodes[i] = newBare(&page.Dialogs[i])
	}
	return map[string]any{"nodes": nodes, "pageInfo": map[string]any{"hasNextPage": len(nodes) == 20}}, nil
}
