package dialog_test

import (
	"testing"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
)

// TestViewer: what the viewerCan… fields promise is what becomes of the change
// they are about. It goes through every cell of the table whose change is one
// act that such a field is named after.
func TestViewer(t *testing.T) {
	people, policy := dialogtest.Named(""), dialog.DefaultPolicy(dialog.DefaultLimits())
	acts := map[string]dialog.Act{
		"see": dialog.See, "rename": dialog.Rename, "set photo": dialog.Rename, "clear photo": dialog.Rename,
		"add a newcomer": dialog.AddOccupants, "leave": dialog.Leave, "remove another occupant": dialog.RemoveOthers,
		"set custom data": dialog.SetCustomData, "remove custom data": dialog.SetCustomData,
		"appoint another admin": dialog.ChangeAdmins, "dismiss another admin": dialog.ChangeAdmins,
		"transfer to another": dialog.Transfer, "delete": dialog.Delete,
	}
	tried := map[dialog.Act]bool{}
	for _, cell := range dialogtest.Table(t) {
		creation, err := createPlan(t, server(), people.Creation(cell.Type), dialog.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		d, caller, allowed := creation.Dialog, cell.Caller(people), cell.Want.Code == 0
		if act, ok := acts[cell.Act]; ok {
			tried[act] = true
			if got := policy.Can(caller, act, &d); got != allowed {
				t.Errorf("%s: Can says %t", cell.Name(), got)
			}
		}
		change, _ := cell.Change(people)
		for _, target := range change.RemoveOccupants {
			if got := policy.CanRemove(caller, target, &d); got != allowed {
				t.Errorf("%s: CanRemove says %t", cell.Name(), got)
			}
		}
		for _, target := range append(change.AddAdmins, change.RemoveAdmins...) {
			if target == d.Owner || cell.Act == "appoint oneself as admin" {
				continue // the field is about what would change something
			}
			if got := policy.CanChangeAdmin(caller, target, &d); got != allowed {
				t.Errorf("%s: CanChangeAdmin says %t", cell.Name(), got)
			}
		}
	}
	for act := dialog.See; act <= dialog.Delete; act++ {
		if !tried[act] && act != dialog.RemoveManagers && act != dialog.StepDown {
			t.Errorf("no cell is about the act %d (%s)", act, policy.Rules[act].Name)
		}
	}
}

// TestOwnerIsNoAdmin: naming the owner is ignored, so nobody is offered it.
func TestOwnerIsNoAdmin(t *testing.T) {
	d, policy := group(ann, bob), dialog.DefaultPolicy(dialog.DefaultLimits())
	for _, c := range []dialog.Caller{server(), user(ann), user(bob)} {
		if policy.CanChangeAdmin(c, ann, &d) {
			t.Errorf("%v may change the adminship of the owner", c)
		}
	}
}

// TestServerHasNoSelf checks that a server can neither leave nor step down.
func TestServerHasNoSelf(t *testing.T) {
	d, policy := full(), dialog.DefaultPolicy(dialog.DefaultLimits())
	for act := dialog.See; act <= dialog.Delete; act++ {
		if got, want := policy.Can(server(), act, &d), act != dialog.Leave && act != dialog.StepDown; got != want {
			t.Errorf("a server may do act %d (%s): %t", act, policy.Rules[act].Name, got)
		}
	}
	if d.Type = 0; policy.Can(server(), dialog.See, &d) {
		t.Error("a server sees a dialog of no type")
	}
}

// TestRefusalsShowNothing: a refusal contains nothing else.
func TestRefusalsShowNothing(t *testing.T) {
	service := newService(newStore(t), dialog.DefaultLimits())
	made, err := service.Create(t.Context(), user(ann), dialog.Creation{Type: dialog.Group, Name: dialog.Some("Lunch")})
	if err != nil {
		t.Fatal(err)
	}
	id := string(made.Dialog.ID)
	for _, c := range []dialog.Caller{user(bob), {}} {
		seen, err := service.Dialog(t.Context(), c, id, true)
		if err == nil {
			t.Errorf("%v may see the dialog", c)
		}
		wantEqual(t, "what a refused reader gets", seen, dialog.Dialog{})
		out, err := service.Update(t.Context(), c, id, dialog.Change{Name: dialog.Some("x")})
		if err == nil {
			t.Errorf("%v may rename the dialog", c)
		}
		wantEqual(t, "what a refused writer gets", out, dialog.Outcome{})
	}
}

// TestAnonymousMayNothing: the domain does not rely on an API to turn away
// callers without credentials.
func TestAnonymousMayNothing(t *testing.T) {
	policy := dialog.DefaultPolicy(dialog.DefaultLimits())
	for kind := dialog.PublicGroup; kind <= dialog.Private; kind++ {
		d := group(ann, bob)
		d.Type = kind
		for act := dialog.See; act <= dialog.Delete; act++ {
			if policy.Can(dialog.Caller{}, act, &d) {
				t.Errorf("anonymous callers may do act %d (%s) to a %s", act, policy.Rules[act].Name, kind)
			}
		}
		if got := d.Standing(dialog.Caller{}); got != dialog.StandingOutsider {
			t.Errorf("to a %s an anonymous caller is %s", kind, got)
		}
	}
}
