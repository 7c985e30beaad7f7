package webhook

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dialogs/dialog"
	"dialogs/dialogjson"
	"dialogs/live"
)

// rotationOverlap is how long deliveries are also signed with the old secret after a
// rotation.
const rotationOverlap = 24 * time.Hour

// An Admin manages the webhooks of a store. Only servers may use it.
type Admin struct {
	Store   dialog.Store
	Sealer  *Sealer
	Targets Targets
	Now     func() time.Time
}

// A Spec has the settings of a webhook that a caller can choose. What is not given stays
// unchanged.
type Spec struct {
	// URL is required for a new webhook.
	URL dialog.Optional[string]
	// Kinds and the other conditions are those of [dialog.WebhookFilter]; nil removes a
	// condition.
	Kinds      dialog.Optional[[]dialog.RecordKind]
	Aspects    dialog.Optional[[]dialog.Aspect]
	Types      dialog.Optional[[]dialog.Type]
	Classes    dialog.Optional[[]string]
	WithDialog dialog.Optional[bool]
	// Status may be active or paused.
	Status dialog.Optional[dialog.WebhookStatus]
}

// A Listed is a webhook with the state of its deliveries.
type Listed struct {
	dialog.Webhook

	// LastError is why the last delivery failed; empty if it succeeded.
	LastError string
	// FailingSince is when the first delivery failed after the last success; zero if the
	// last delivery succeeded.
	FailingSince time.Time
}

// judge only allows servers: API keys with the scope admin, without On-Behalf-Of.
func judge(c dialog.Caller) error {
	if c.Kind() == dialog.Anonymous {
		return dialog.ErrUnauthenticated()
	}
	return dialog.JudgeAdmin(c)
}

func (a *Admin) now() time.Time { return a.Now().UTC().Truncate(time.Millisecond) }

// List returns all webhooks, oldest first.
func (a *Admin) List(ctx context.Context, c dialog.Caller) ([]Listed, error) {
	if err := judge(c); err != nil {
		return nil, err
	}
	all, err := a.Store.Webhooks(ctx)
	if err != nil {
		return nil, err
	}
	var list []Listed
	for _, h := range all {
		l, err := a.listed(ctx, h)
		if dialog.IsCode(err, dialog.NotFound) {
			continue // removed in the meantime
		}
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

func (a *Admin) listed(ctx context.Context, h dialog.Webhook) (Listed, error) {
	p, err := a.Store.WebhookProgress(ctx, h.ID)
	if err != nil {
		return Listed{}, err
	}
	l := Listed{Webhook: h, LastError: p.LastError, FailingSince: p.FailingSince}
	if h.GaveUp != "" {
		l.LastError = h.GaveUp
	}
	return l, nil
}

// Find returns one webhook.
func (a *Admin) Find(ctx context.Context, c dialog.Caller, id string) (Listed, error) {
	if err := judge(c); err != nil {
		return Listed{}, err
	}
	h, err := a.find(ctx, id)
	if err != nil {
		return Listed{}, err
	}
	return a.listed(ctx, h)
}

func (a *Admin) find(ctx context.Context, text string) (dialog.Webhook, error) {
	id, err := parseID(text)
	if err != nil {
		return dialog.Webhook{}, err
	}
	all, err := a.Store.Webhooks(ctx)
	if err != nil {
		return dialog.Webhook{}, err
	}
	for _, h := range all {
		if h.ID == id {
			return h, nil
		}
	}
	return dialog.Webhook{}, dialog.ErrWebhookNotFound(id)
}

// parseID reads the id of a webhook, which has the same form as the id of a dialog.
func parseID(text string) (dialog.ID, error) {
	id, err := dialog.ParseID("id", text)
	if err != nil {
		return "", dialog.InvalidInput("id", "invalid webhook id "+dialog.Quote(text)+": must be 24 lower-case hexadecimal digits")
	}
	return id, nil
}

// Create adds a webhook. It gets every change from now on. The returned secret cannot be
// read again later. A store has at most [dialog.MaxWebhooks] webhooks.
func (a *Admin) Create(ctx context.Context, c dialog.Caller, s Spec) (h Listed, secret string, err error) {
	if err := judge(c); err != nil {
		return Listed{}, "", err
	}
	now := a.now()
	hook := dialog.Webhook{Status: dialog.WebhookActive, CreatedAt: now, ResumedAt: now, Revision: 1}
	if err := a.apply(&hook, s); err != nil {
		return Listed{}, "", err
	}
	all, err := a.Store.Webhooks(ctx)
	if err != nil {
		return Listed{}, "", err
	}
	if len(all) >= dialog.MaxWebhooks {
		return Listed{}, "", dialog.ErrTooManyWebhooks()
	}
	if hook.ID, err = dialog.NewID(now, nil); err != nil {
		return Listed{}, "", err
	}
	key, err := a.Sealer.newSecret()
	if err != nil {
		return Listed{}, "", err
	}
	hook.Secrets = []dialog.WebhookSecret{{Sealed: a.Sealer.seal(hook.ID, key)}}
	reader := live.NewReader(a.Store, dialog.MaxSyncKept, a.Now)
	if err := reader.Start(ctx); err != nil {
		return Listed{}, "", err
	}
	if _, err := a.Store.SaveWebhook(ctx, hook); err != nil {
		return Listed{}, "", err
	}
	var p dialog.WebhookProgress
	newWindow(reader.Place(sentMost)).progress(&p)
	if err := a.place(ctx, hook.ID, p); err != nil { // nobody has seen the secret, so the webhook is useless
		return Listed{}, "", errors.Join(err, a.Store.RemoveWebhook(context.WithoutCancel(ctx), hook.ID))
	}
	return Listed{Webhook: hook}, secretText(key), nil
}

// place stores the position from which deliveries begin, unless an instance is already
// delivering.
func (a *Admin) place(ctx context.Context, id dialog.ID, p dialog.WebhookProgress) error {
	l := dialog.Lease{Holder: rand.Text(), Now: a.now(), Until: a.now().Add(time.Second)}
	have, leased, err := a.Store.LeaseWebhook(ctx, id, l)
	if err != nil || !leased {
		return err
	}
	if have.Mark == "" {
		if _, err := a.Store.SaveWebhookProgress(ctx, id, l.Holder, p); err != nil {
			return err
		}
	}
	l.Until = l.Now
	_, _, err = a.Store.LeaseWebhook(ctx, id, l)
	return err
}

// apply validates the given settings and sets them.
func (a *Admin) apply(h *dialog.Webhook, s Spec) error {
	if s.URL.Given || h.Revision == 1 {
		if err := a.Targets.Check(s.URL.Value); err != nil {
			return err
		}
		if h.URL != s.URL.Value {
			h.URL, h.ResumedAt = s.URL.Value, a.now() // the failures so far were those of another receiver
		}
	}
	if n := len(s.Classes.Value); n > maxClasses {
		return dialog.InvalidInput("customClasses", fmt.Sprintf("too many classes: %d (limit %d)", n, maxClasses))
	}
	for _, class := range s.Classes.Value {
		if !dialog.IsIdentifier(class) {
			return dialog.InvalidInput("customClasses", "invalid class name "+dialog.Quote(class))
		}
	}
	if err := cmp.Or(
		set(&h.Filter.Kinds, "kinds", s.Kinds), set(&h.Filter.Aspects, "aspects", s.Aspects),
		set(&h.Filter.Types, "types", s.Types), set(&h.Filter.Classes, "customClasses", s.Classes),
	); err != nil {
		return err
	}
	if s.WithDialog.Given {
		h.WithDialog = s.WithDialog.Value
	}
	switch s.Status.Value {
	case dialog.WebhookDisabled:
		return dialog.InvalidInput("status", "a webhook cannot be disabled, only paused")
	case dialog.WebhookActive:
		if h.Status != dialog.WebhookActive {
			h.Status, h.GaveUp, h.ResumedAt = dialog.WebhookActive, "", a.now()
		}
	case dialog.WebhookPaused:
		h.Status, h.GaveUp = dialog.WebhookPaused, ""
	}
	return nil
}

// set sets a condition, without duplicate values.
func set[T comparable](to *[]T, field string, values dialog.Optional[[]T]) error {
	if !values.Given {
		return nil
	}
	if values.Value != nil && len(values.Value) == 0 {
		return dialog.InvalidInput(field, field+" must not be empty")
	}
	*to = nil
	for _, v := range values.Value {
		if !slices.Contains(*to, v) {
			*to = append(*to, v)
		}
	}
	return nil
}

// change changes a webhook. It tries again if another change was faster.
func (a *Admin) change(ctx context.Context, id string, change func(*dialog.Webhook) error) (Listed, error) {
	for {
		h, err := a.find(ctx, id)
		if err != nil {
			return Listed{}, err
		}
		h.Revision++
		h.Secrets = slices.Clone(h.Secrets)
		if err := change(&h); err != nil {
			return Listed{}, err
		}
		saved, err := a.Store.SaveWebhook(ctx, h)
		if err != nil {
			return Listed{}, err
		}
		if saved {
			return a.listed(ctx, h)
		}
	}
}

// Update changes the settings that are given.
func (a *Admin) Update(ctx context.Context, c dialog.Caller, id string, s Spec) (Listed, error) {
	if err := judge(c); err != nil {
		return Listed{}, err
	}
	return a.change(ctx, id, func(h *dialog.Webhook) error { return a.apply(h, s) })
}

// Delete removes a webhook.
func (a *Admin) Delete(ctx context.Context, c dialog.Caller, id string) (dialog.ID, error) {
	if err := judge(c); err != nil {
		return "", err
	}
	own, err := parseID(id)
	if err != nil {
		return "", err
	}
	return own, a.Store.RemoveWebhook(ctx, own)
}

// Rotate adds a new secret. For 24 hours, deliveries are signed with both the old and the
// new one.
func (a *Admin) Rotate(ctx context.Context, c dialog.Caller, id string) (Listed, string, error) {
	if err := judge(c); err != nil {
		return Listed{}, "", err
	}
	key, err := a.Sealer.newSecret()
	if err != nil {
		return Listed{}, "", err
	}
	h, err := a.change(ctx, id, func(h *dialog.Webhook) error {
		now := a.now()
		secrets := []dialog.WebhookSecret{{Sealed: a.Sealer.seal(h.ID, key)}}
		for _, old := range h.Secrets {
			if old.Until.IsZero() {
				old.Until = now.Add(rotationOverlap)
			}
			if _, _, err := a.Sealer.open(h.ID, old.Sealed); err != nil {
				continue // the server's secret that encrypted it was removed
			}
			if now.Before(old.Until) && len(secrets) < maxSecrets {
				secrets = append(secrets, old)
			}
		}
		h.Secrets = secrets
		return nil
	})
	return h, secretText(key), err
}

// maxClasses is how many classes a webhook may name.
const maxClasses = 100

// maxSecrets is how many secrets of a webhook can be in use at the same time.
const maxSecrets = 5

// Replay sends every change after an instant again, as far as it is still kept.
func (a *Admin) Replay(ctx context.Context, c dialog.Caller, id string, since time.Time) (Listed, error) {
	if err := judge(c); err != nil {
		return Listed{}, err
	}
	if since.After(a.Now()) {
		return Listed{}, dialog.InvalidInput("since", "since must not be in the future")
	}
	return a.change(ctx, id, func(h *dialog.Webhook) error {
		h.Replays++
		h.ReplaySince = since.UTC().Truncate(time.Millisecond)
		return nil
	})
}

// disable disables a webhook, unless somebody has paused it, resumed it or changed its URL
// since it failed.
func (a *Admin) disable(ctx context.Context, failed dialog.Webhook, why string) error {
	_, err := a.change(ctx, string(failed.ID), func(h *dialog.Webhook) error {
		if h.Status != dialog.WebhookActive || h.URL != failed.URL || !h.ResumedAt.Equal(failed.ResumedAt) {
			return errChanged
		}
		h.Status, h.GaveUp = dialog.WebhookDisabled, reason(why)
		return nil
	})
	if errors.Is(err, errChanged) {
		return nil
	}
	return err
}

// errChanged means that a webhook was changed after it had failed.
var errChanged = errors.New("the webhook was changed meanwhile")

// reseal encrypts a webhook's secrets with the first of the server's secrets, if they were
// encrypted with another one. It reports whether it changed any.
func (a *Admin) reseal(ctx context.Context, h *dialog.Webhook) (bool, error) {
	stale := func(s dialog.WebhookSecret) bool {
		_, stale, err := a.Sealer.open(h.ID, s.Sealed)
		return err == nil && stale
	}
	if !slices.ContainsFunc(h.Secrets, stale) {
		return false, nil
	}
	_, err := a.change(ctx, string(h.ID), func(h *dialog.Webhook) error {
		for i, s := range h.Secrets {
			if key, stale, err := a.Sealer.open(h.ID, s.Sealed); err == nil && stale {
				h.Secrets[i].Sealed = a.Sealer.seal(h.ID, key)
			}
		}
		return nil
	})
	if dialog.IsCode(err, dialog.NotFound) {
		return false, nil // removed in the meantime
	}
	return err == nil, err
}

// Test sends a message of the type "test" immediately, and returns why that failed; empty
// if it succeeded.
func (a *Admin) Test(ctx context.Context, c dialog.Caller, id string) (failure string, err error) {
	if err := judge(c); err != nil {
		return "", err
	}
	h, err := a.find(ctx, id)
	if err != nil {
		return "", err
	}
	keys, err := a.Sealer.keys(&h, a.Now())
	if err != nil {
		return "", err
	}
	m, err := newMessage("test_"+rand.Text(), "test", a.Now(), struct {
		WebhookID dialog.ID `json:"webhookId"`
	}{h.ID})
	if err != nil {
		return "", err
	}
	return newClient(a.Targets).post(ctx, h.URL, m, keys, a.Now).failure, nil
}

// Describe returns the filter of a webhook as text for people.
func Describe(f dialog.WebhookFilter) string {
	var parts []string
	add := func(name string, texts []string) {
		if texts != nil {
			parts = append(parts, name+" "+strings.Join(texts, ","))
		}
	}
	add("only", dialogjson.Kinds.Words(f.Kinds))
	add("aspects", dialogjson.Aspects.Words(f.Aspects))
	add("types", dialogjson.Types.Words(f.Types))
	add("class", f.Classes)
	if parts == nil {
		return "all changes"
	}
	return strings.Join(parts, "; ")
}
