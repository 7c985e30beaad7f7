package webhook_test

import (
	"bytes"
	"strings"
	"testing"

	"dialogs/dialog"
	"dialogs/webhook"
)

// sealed returns the secrets of a webhook as they are stored.
func (b *bench) sealed(id dialog.ID) [][]byte {
	b.Helper()
	var all [][]byte
	for _, s := range b.find(id).Secrets {
		all = append(all, s.Sealed)
	}
	return all
}

// TestServerSecretReplaced: with a new secret of the server, the secrets of all webhooks
// are encrypted again at the start, also those of paused ones, so that the old secret can
// be removed.
func TestServerSecretReplaced(t *testing.T) {
	t.Parallel()
	b, r, second := newBench(t), newReceiver(t), newReceiver(t)
	h, paused := b.add(r, nil), b.add(second, nil)
	b.status(paused.ID, dialog.WebhookPaused)
	before := [][]byte{b.sealed(h.ID)[0], b.sealed(paused.ID)[0]}
	b.restart(secondSecret, firstSecret)
	await(t, "both are re-encrypted", func() bool {
		return !bytes.Equal(b.sealed(h.ID)[0], before[0]) && !bytes.Equal(b.sealed(paused.ID)[0], before[1])
	})
	b.restart(secondSecret)
	id := b.group("Lunch")
	r.await(version(id, 1))
	b.status(paused.ID, dialog.WebhookActive)
	second.await(version(id, 1))
}

// TestServerSecretReloaded does the same while the server runs.
func TestServerSecretReloaded(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	h := b.add(r, nil)
	before := b.sealed(h.ID)[0]
	if err := b.sender.SetSecrets([][]byte{[]byte(secondSecret), []byte(firstSecret)}); err != nil {
		t.Fatal(err)
	}
	await(t, "it is re-encrypted", func() bool { return !bytes.Equal(b.sealed(h.ID)[0], before) })
	id := b.group("Lunch")
	r.await(version(id, 1))
	b.restart(secondSecret)
	b.rename(id, "Dinner")
	r.await(version(id, 2))
}

// TestServerSecretLost: without the secret of the server, nothing is delivered, and the
// webhook shows why. Rotating the webhook's secret helps.
func TestServerSecretLost(t *testing.T) {
	t.Parallel()
	b, r := newBench(t), newReceiver(t)
	h := b.add(r, nil)
	b.restart(secondSecret)
	id := b.group("Lunch")
	await(t, "the failure is shown", func() bool { return strings.Contains(b.find(h.ID).LastError, "another --secret") })
	if got := r.ids(); len(got) > 0 {
		t.Errorf("got %v", got)
	}
	_, secret, err := b.admin.Rotate(t.Context(), server, string(h.ID))
	if err != nil {
		t.Fatal(err)
	}
	r.with(func() { r.secrets = []string{secret} })
	r.await(version(id, 1))
	await(t, "no failure is shown", func() bool { return b.find(h.ID).LastError == "" })
}

func (b *bench) status(id dialog.ID, status dialog.WebhookStatus) {
	b.Helper()
	if _, err := b.admin.Update(b.Context(), server, string(id), webhook.Spec{Status: dialog.Some(status)}); err != nil {
		b.Fatal(err)
	}
}
