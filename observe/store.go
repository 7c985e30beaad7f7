package observe

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"dialogs/dialog"
)

// callsMost is how many calls of the port there are, times their failures.
const callsMost = 80

type callKey struct{ call, failure string }

func (m *Metrics) addStore(o *Options) {
	calls := m.histograms("db_client_operation_duration_seconds", "Time that a call to the store took.", databaseBuckets,
		"db_system_name", "db_operation_name", "error_type")
	m.calls = newSeries(callsMost, callKey{call: other}, func(k callKey) prometheus.Observer {
		return calls.WithLabelValues(o.System, k.call, k.failure)
	})
	updates := m.counters("dialogs_store_updates_total", "Updates of a MongoDB store: straight, by one command; long, by reading first.", "way")
	m.updates = newSeries(3, other, func(way string) prometheus.Counter { return updates.WithLabelValues(way) })
	retries := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "dialogs_store_update_retries_total", Help: "Updates of a MongoDB store that were tried again, because another writer was faster.",
	})
	m.registry.MustRegister(retries)
	m.retries = retries
	m.groups = m.histograms("dialogs_store_group_commit_size", "Changes that an embedded store stored with one commit.", groupBuckets).WithLabelValues()
}

// Updated counts an update of a MongoDB store by its way, straight or long, and how
// often it was tried again.
func (m *Metrics) Updated(way string, retries int) {
	m.updates.of(way).Inc()
	if retries > 0 {
		m.retries.Add(float64(retries))
	}
}

// Committed observes how many changes one commit of an embedded store had.
func (m *Metrics) Committed(changes int) { m.groups.Observe(float64(changes)) }

// Store observes each call to a store; with a tracer, also as a part of the trace that the
// call's context has. It implements every method itself, so that the compiler finds
// one that is forgotten.
func (m *Metrics) Store(s dialog.Store, t *Tracer) dialog.Store { return store{s, m, t} }

type store struct {
	next    dialog.Store
	metrics *Metrics
	tracer  *Tracer
}

// A call is one that is observed.
type call struct {
	name  string
	start time.Time
	span  trace.Span // nil without a trace
}

func (s store) begin(ctx context.Context, name string) (context.Context, call) {
	c := call{name: name, start: time.Now()}
	if s.tracer != nil {
		ctx, c.span = s.tracer.call(ctx, name)
	}
	return ctx, c
}

// end observes a call.
func (s store) end(c *call, err error) {
	failure := ""
	if err != nil {
		failure = failureOf(err)
	}
	s.metrics.calls.of(callKey{c.name, failure}).Observe(time.Since(c.start).Seconds())
	if c.span != nil {
		endSpan(c.span, failure)
	}
}

// failureOf is the kind of a failure. Refusals of the domain are answers, and no failures
// of the store.
func failureOf(err error) string {
	var known *dialog.Error
	switch {
	case !errors.As(err, &known):
		return "internal"
	case known.Code == dialog.Unavailable:
		return "unavailable"
	}
	return ""
}

func (s store) Dialog(ctx context.Context, id dialog.ID, withHistory bool) (dialog.Dialog, error) {
	ctx, c := s.begin(ctx, "Dialog")
	out, err := s.next.Dialog(ctx, id, withHistory)
	s.end(&c, err)
	return out, err
}

func (s store) Dialogs(ctx context.Context, q dialog.Query) ([]dialog.Dialog, error) {
	ctx, c := s.begin(ctx, "Dialogs")
	out, err := s.next.Dialogs(ctx, q)
	s.end(&c, err)
	return out, err
}

func (s store) Count(ctx context.Context, q dialog.Query) (int, error) {
	ctx, c := s.begin(ctx, "Count")
	out, err := s.next.Count(ctx, q)
	s.end(&c, err)
	return out, err
}

func (s store) Create(ctx context.Context, p dialog.CreatePlan) (dialog.CreateOutcome, error) {
	ctx, c := s.begin(ctx, "Create")
	out, err := s.next.Create(ctx, p)
	s.end(&c, err)
	return out, err
}

func (s store) Update(ctx context.Context, p dialog.Plan) (dialog.Outcome, error) {
	ctx, c := s.begin(ctx, "Update")
	out, err := s.next.Update(ctx, p)
	s.end(&c, err)
	return out, err
}

func (s store) Classes(ctx context.Context) ([]dialog.Class, error) {
	ctx, c := s.begin(ctx, "Classes")
	out, err := s.next.Classes(ctx)
	s.end(&c, err)
	return out, err
}

func (s store) SaveClass(ctx context.Context, class dialog.Class) (bool, error) {
	ctx, c := s.begin(ctx, "SaveClass")
	out, err := s.next.SaveClass(ctx, class)
	s.end(&c, err)
	return out, err
}

func (s store) AddAPIKey(ctx context.Context, k dialog.APIKey) error {
	ctx, c := s.begin(ctx, "AddAPIKey")
	err := s.next.AddAPIKey(ctx, k)
	s.end(&c, err)
	return err
}

func (s store) APIKeys(ctx context.Context) ([]dialog.APIKey, error) {
	ctx, c := s.begin(ctx, "APIKeys")
	out, err := s.next.APIKeys(ctx)
	s.end(&c, err)
	return out, err
}

func (s store) RemoveAPIKey(ctx context.Context, name string) error {
	ctx, c := s.begin(ctx, "RemoveAPIKey")
	err := s.next.RemoveAPIKey(ctx, name)
	s.end(&c, err)
	return err
}

func (s store) EndSession(ctx context.Context, e dialog.EndedSession) error {
	ctx, c := s.begin(ctx, "EndSession")
	err := s.next.EndSession(ctx, e)
	s.end(&c, err)
	return err
}

func (s store) SessionsEnded(ctx context.Context, ids []string) ([]string, error) {
	ctx, c := s.begin(ctx, "SessionsEnded")
	out, err := s.next.SessionsEnded(ctx, ids)
	s.end(&c, err)
	return out, err
}

func (s store) EndedSessions(ctx context.Context) ([]dialog.EndedSession, error) {
	ctx, c := s.begin(ctx, "EndedSessions")
	out, err := s.next.EndedSessions(ctx)
	s.end(&c, err)
	return out, err
}

func (s store) UseAPIKey(ctx context.Context, name string, day time.Time) error {
	ctx, c := s.begin(ctx, "UseAPIKey")
	err := s.next.UseAPIKey(ctx, name, day)
	s.end(&c, err)
	return err
}

func (s store) SuspendUser(ctx context.Context, user dialog.UserID, suspended bool, at time.Time) error {
	ctx, c := s.begin(ctx, "SuspendUser")
	err := s.next.SuspendUser(ctx, user, suspended, at)
	s.end(&c, err)
	return err
}

func (s store) EndUserSessions(ctx context.Context, user dialog.UserID, at time.Time) error {
	ctx, c := s.begin(ctx, "EndUserSessions")
	err := s.next.EndUserSessions(ctx, user, at)
	s.end(&c, err)
	return err
}

func (s store) UserAccess(ctx context.Context, users []dialog.UserID) ([]dialog.UserAccess, error) {
	ctx, c := s.begin(ctx, "UserAccess")
	out, err := s.next.UserAccess(ctx, users)
	s.end(&c, err)
	return out, err
}

func (s store) AllUserAccess(ctx context.Context) ([]dialog.UserAccess, error) {
	ctx, c := s.begin(ctx, "AllUserAccess")
	out, err := s.next.AllUserAccess(ctx)
	s.end(&c, err)
	return out, err
}

func (s store) Webhooks(ctx context.Context) ([]dialog.Webhook, error) {
	ctx, c := s.begin(ctx, "Webhooks")
	out, err := s.next.Webhooks(ctx)
	s.end(&c, err)
	return out, err
}

func (s store) SaveWebhook(ctx context.Context, w dialog.Webhook) (bool, error) {
	ctx, c := s.begin(ctx, "SaveWebhook")
	out, err := s.next.SaveWebhook(ctx, w)
	s.end(&c, err)
	return out, err
}

func (s store) RemoveWebhook(ctx context.Context, id dialog.ID) error {
	ctx, c := s.begin(ctx, "RemoveWebhook")
	err := s.next.RemoveWebhook(ctx, id)
	s.end(&c, err)
	return err
}

func (s store) LeaseWebhook(ctx context.Context, id dialog.ID, l dialog.Lease) (dialog.WebhookProgress, bool, error) {
	ctx, c := s.begin(ctx, "LeaseWebhook")
	out, leased, err := s.next.LeaseWebhook(ctx, id, l)
	s.end(&c, err)
	return out, leased, err
}

func (s store) SaveWebhookProgress(ctx context.Context, id dialog.ID, holder string, p dialog.WebhookProgress) (bool, error) {
	ctx, c := s.begin(ctx, "SaveWebhookProgress")
	out, err := s.next.SaveWebhookProgress(ctx, id, holder, p)
	s.end(&c, err)
	return out, err
}

func (s store) WebhookProgress(ctx context.Context, id dialog.ID) (dialog.WebhookProgress, error) {
	ctx, c := s.begin(ctx, "WebhookProgress")
	out, err := s.next.WebhookProgress(ctx, id)
	s.end(&c, err)
	return out, err
}

func (s store) ChangesSince(ctx context.Context, q dialog.ChangesQuery) (dialog.ChangesPage, error) {
	ctx, c := s.begin(ctx, "ChangesSince")
	out, err := s.next.ChangesSince(ctx, q)
	s.end(&c, err)
	return out, err
}

func (s store) Look(ctx context.Context, id dialog.ID) (dialog.Dialog, error) {
	ctx, c := s.begin(ctx, "Look")
	out, err := s.next.Look(ctx, id)
	s.end(&c, err)
	return out, err
}

func (s store) Departed(ctx context.Context, id dialog.ID, after dialog.Mark) ([]dialog.UserID, error) {
	ctx, c := s.begin(ctx, "Departed")
	out, err := s.next.Departed(ctx, id, after)
	s.end(&c, err)
	return out, err
}

func (s store) Scan(ctx context.Context, after dialog.ID, limit int) ([]dialog.Dialog, error) {
	ctx, c := s.begin(ctx, "Scan")
	out, err := s.next.Scan(ctx, after, limit)
	s.end(&c, err)
	return out, err
}

func (s store) Restore(ctx context.Context, dialogs []dialog.Dialog) error {
	ctx, c := s.begin(ctx, "Restore")
	err := s.next.Restore(ctx, dialogs)
	s.end(&c, err)
	return err
}

func (s store) Ping(ctx context.Context) error {
	ctx, c := s.begin(ctx, "Ping")
	err := s.next.Ping(ctx)
	s.end(&c, err)
	return err
}

// Follow lasts as long as the server: its duration says nothing.
func (s store) Follow(ctx context.Context, wake func()) error { return s.next.Follow(ctx, wake) }

func (s store) Close() error { return s.next.Close() }

func (s store) StartErasure(ctx context.Context, e dialog.Erasure) (dialog.Erasure, error) {
	ctx, c := s.begin(ctx, "StartErasure")
	answer, err := s.next.StartErasure(ctx, e)
	s.end(&c, err)
	return answer, err
}

func (s store) Erasures(ctx context.Context) ([]dialog.Erasure, error) {
	ctx, c := s.begin(ctx, "Erasures")
	answer, err := s.next.Erasures(ctx)
	s.end(&c, err)
	return answer, err
}

func (s store) AdvanceErasure(ctx context.Context, user dialog.UserID, after dialog.ID) (bool, error) {
	ctx, c := s.begin(ctx, "AdvanceErasure")
	answer, err := s.next.AdvanceErasure(ctx, user, after)
	s.end(&c, err)
	return answer, err
}

func (s store) FinishErasure(ctx context.Context, user dialog.UserID, until time.Time) (bool, error) {
	ctx, c := s.begin(ctx, "FinishErasure")
	answer, err := s.next.FinishErasure(ctx, user, until)
	s.end(&c, err)
	return answer, err
}

func (s store) UserKept(ctx context.Context, user dialog.UserID) (bool, error) {
	ctx, c := s.begin(ctx, "UserKept")
	answer, err := s.next.UserKept(ctx, user)
	s.end(&c, err)
	return answer, err
}

func (s store) ErasedUsers(ctx context.Context) ([]dialog.ErasedUser, error) {
	ctx, c := s.begin(ctx, "ErasedUsers")
	answer, err := s.next.ErasedUsers(ctx)
	s.end(&c, err)
	return answer, err
}

func (s store) KeepErasedUser(ctx context.Context, u dialog.ErasedUser) error {
	ctx, c := s.begin(ctx, "KeepErasedUser")
	err := s.next.KeepErasedUser(ctx, u)
	s.end(&c, err)
	return err
}

func (s store) Traces(ctx context.Context, user dialog.UserID, after dialog.ID, limit int) (dialog.Traces, error) {
	ctx, c := s.begin(ctx, "Traces")
	answer, err := s.next.Traces(ctx, user, after, limit)
	s.end(&c, err)
	return answer, err
}

func (s store) Scrub(ctx context.Context, user dialog.UserID, ids []dialog.ID) error {
	ctx, c := s.begin(ctx, "Scrub")
	err := s.next.Scrub(ctx, user, ids)
	s.end(&c, err)
	return err
}
