package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"dialogs/dialog"
	"dialogs/graph/model"
	"dialogs/store/sqlite"

	"dialogs/servertest"
)

// bareDir is the environment variable that makes the test binary a bare
// server on the directory that it names.
const bareDir = "DIALOGS_TEST_BARE_DIR"

// BenchmarkCPU measures the CPU time that a server takes for a request, as the
// kernel accounts it for the server's process alone: the real binary, and a
// bare net/http handler that does the same to the same store and speaks plain
// JSON, without credentials, limits or a log.
func BenchmarkCPU(b *testing.B) {
	for _, kind := range []struct{ name, query string }{{"get", benchGet}, {"update", benchUpdate}} {
		b.Run(kind.name+"/bare", func(b *testing.B) {
			command := exec.CommandContext(b.Context(), os.Args[0])
			dir := filepath.Join(b.TempDir(), "data")
			command.Env = append(os.Environ(), bareDir+"="+dir)
			s := process{servertest.Launch(b, command, dir, "http")}
			s.measure(b, nil, s.bareGroup(), func(id string, n int) []byte {
				return fmt.Appendf(nil, `{"id": %q, "name": "Lunch %d", "update": %t}`, id, n, kind.name == "update")
			})
		})
		b.Run(kind.name+"/graphql", func(b *testing.B) {
			s := process{servertest.Spawn(b, "--rate-limit", "0")}
			token := servertest.WithToken(s.MustCLI("token", "alice"))
			answer := s.Must(token, `mutation { createDialog(input: {type: GROUP, name: "Lunch", occupantIds: ["bob"]}) { dialog { id } } }`, nil)
			var made struct{ Dialog struct{ ID string } }
			servertest.Decode(b, answer.Data["createDialog"], &made)
			s.measure(b, token, made.Dialog.ID, func(id string, n int) []byte {
				return fmt.Appendf(nil, `{"query": %q, "variables": {"id": %q, "name": "Lunch %d"}}`, kind.query, id, n)
			})
		})
	}
}

// measure sends b.N requests one after another and reports the CPU time that
// the server's process took for each.
func (p process) measure(b *testing.B, h servertest.Header, id string, body func(id string, n int) []byte) {
	b.Helper()
	before := p.cpu()
	for n := range b.N {
		answer, err := p.Try(h, body(id, n))
		if err != nil || answer.Status != http.StatusOK || len(answer.Errors) > 0 {
			b.Fatalf("%v: %s", err, answer.Body)
		}
	}
	b.ReportMetric(float64((p.cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// cpu is the user and system time of the process so far, by /proc, in steps of
// ten milliseconds.
func (p process) cpu() time.Duration {
	p.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Command.Process.Pid))
	if err != nil {
		p.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			p.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// bareGroup makes a dialog on the bare server.
func (p process) bareGroup() string {
	p.Helper()
	answer, err := p.Try(nil, []byte(`{"create": true}`))
	if err != nil {
		p.Fatal(err)
	}
	return string(answer.Data["id"][1 : len(answer.Data["id"])-1])
}

// serveBare is the bare server, until it is killed.
func serveBare(dir string) error {
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
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := bare(service, w, r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
}

func bare(service *dialog.Service, w http.ResponseWriter, r *http.Request) error {
	var in struct {
		ID, Name       string
		Update, Create bool
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return err
	}
	alice := dialog.Caller{User: "alice"}
	var d dialog.Dialog
	switch {
	case in.Create:
		out, err := service.Create(r.Context(), alice, dialog.Creation{Type: dialog.Group, Name: dialog.Some("Lunch"), Occupants: []dialog.UserID{"bob"}})
		if err != nil {
			return err
		}
		d = out.Dialog
	case in.Update:
		out, err := service.Update(r.Context(), alice, in.ID, dialog.Change{Name: dialog.Some(in.Name)})
		if err != nil {
			return err
		}
		d = out.Dialog
	default:
		if d, err = service.Dialog(r.Context(), alice, in.ID, false); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]any{"data": map[string]any{
		"id": d.ID, "type": d.Type, "name": d.Name, "ownerId": d.Owner, "occupantIds": d.Occupants, "version": d.Version,
		"updatedAt": d.UpdatedAt.Format(dialog.TimeFormat), "viewerCanRename": model.NewDialog(d, alice, service.Policy()).ViewerCanRename(),
	}})
}
