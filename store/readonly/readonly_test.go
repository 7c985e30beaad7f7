package readonly_test

import (
	"reflect"
	"strings"
	"testing"

	"dialogs/dialog"
	"dialogs/store/memory"
	"dialogs/store/readonly"
)

// reads are the calls that a store that is read-only lets through.
const reads = " Dialog Dialogs Count Classes APIKeys SessionsEnded EndedSessions UserAccess AllUserAccess Webhooks WebhookProgress ChangesSince Look Departed Follow Scan Erasures ErasedUsers UserKept Traces Ping Close "

// TestRefusesChanges calls every method of the port that is not known to read.
func TestRefusesChanges(t *testing.T) {
	s := reflect.ValueOf(readonly.New(memory.NewStore()))
	port := reflect.TypeFor[dialog.Store]()
	for i := range port.NumMethod() {
		method := port.Method(i)
		if strings.Contains(reads, " "+method.Name+" ") {
			continue
		}
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for n := 1; n < method.Type.NumIn(); n++ {
			args = append(args, reflect.Zero(method.Type.In(n)))
		}
		results := s.MethodByName(method.Name).Call(args)
		if err, _ := results[len(results)-1].Interface().(error); !dialog.IsReadOnly(err) {
			t.Errorf("%s changes a store that is read-only: %v", method.Name, err)
		}
	}
}
