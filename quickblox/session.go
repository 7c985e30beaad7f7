package quickblox

import (
	"net/http"
	"strings"
	"time"

	"dialogs/api"
	"dialogs/dialog"
)

// sessionTTL is how long a session lives: as long as QuickBlox documents, but
// from its creation and not from its last request.
const sessionTTL = 2 * time.Hour

// howToSignIn is told to whoever comes with what only QuickBlox could check.
const howToSignIn = "signatures and passwords are not known here: your back end makes a session with its API key, " +
	"by POST /users/{user_id}/tokens or POST /session.json with user_id, and hands the token to its user"

// A sessionView is a session as QuickBlox shows it. There are no applications
// here, nor numbers that sessions go by.
type sessionView struct {
	ID            string   `json:"_id"`
	ApplicationID int      `json:"application_id"`
	CreatedAt     *string  `json:"created_at"`
	Number        int      `json:"id"`
	Nonce         int      `json:"nonce"`
	Token         string   `json:"token"`
	Timestamp     int64    `json:"ts"`
	UpdatedAt     *string  `json:"updated_at"`
	UserID        userView `json:"user_id"`
}

// createSession makes a session for a user, by an API key that acts for
// nobody.
func (d *door) createSession(r *request) (answer, error) {
	if r.caller.Kind() == dialog.Anonymous {
		return answer{}, &dialog.Error{Code: dialog.Unauthenticated, Message: howToSignIn}
	}
	for _, name := range []string{"application_id", "auth_key", "timestamp", "nonce", "signature", "user", "provider", "scope", "keys", "firebase_phone"} {
		if _, given := r.params.take(name); given {
			return answer{}, invalid(name, howToSignIn)
		}
	}
	user, err := r.params.takeUser("user_id")
	if err != nil {
		return answer{}, err
	}
	if err := r.params.rest(""); err != nil {
		return answer{}, err
	}
	if err := dialog.JudgeServer(r.caller); err != nil {
		return answer{}, err
	}
	token, expiresAt, err := d.Sessions.Mint(user.Value, sessionTTL)
	if err != nil {
		return answer{}, err
	}
	createdAt := expiresAt.Add(-sessionTTL)
	return answer{http.StatusCreated, map[string]sessionView{"session": {
		Token: token, UserID: userView(user.Value),
		CreatedAt: instantView(createdAt), UpdatedAt: instantView(createdAt), Timestamp: createdAt.Unix(),
	}}}, nil
}

// createToken is createSession as it is documented for API keys.
func (d *door) createToken(r *request) (answer, error) {
	if err := r.params.rest(""); err != nil {
		return answer{}, err
	}
	if err := dialog.JudgeServer(r.caller); err != nil {
		return answer{}, err
	}
	token, expiresAt, err := d.Sessions.Mint(dialog.UserID(r.PathValue("user")), sessionTTL)
	if err != nil {
		return answer{}, err
	}
	return answer{http.StatusOK, struct {
		Token     string  `json:"token"`
		ExpiresAt *string `json:"expires_at"`
	}{token, instantView(expiresAt)}}, nil
}

// showSession tells what the token in hand is.
func (d *door) showSession(r *request) (answer, error) {
	if err := r.params.rest(""); err != nil {
		return answer{}, err
	}
	session, ok := d.Session(r.Context())
	if !ok {
		return answer{}, errNoSession()
	}
	view := sessionView{
		ID: session.ID, Token: tokenOf(r.Request), UserID: userView(r.caller.User),
		CreatedAt: instantView(session.CreatedAt), UpdatedAt: instantView(session.CreatedAt),
	}
	if !session.CreatedAt.IsZero() {
		view.Timestamp = session.CreatedAt.Unix()
	}
	return answer{http.StatusOK, map[string]sessionView{"session": view}}, nil
}

// endSession makes the token in hand be refused from now on.
func (d *door) endSession(r *request) (answer, error) {
	if err := r.params.rest(""); err != nil {
		return answer{}, err
	}
	if _, ok := d.Session(r.Context()); !ok {
		return answer{}, errNoSession()
	}
	return answer{status: http.StatusOK}, d.Sessions.End(r.Context())
}

func errNoSession() error {
	return &api.Refusal{Code: api.NotFound, Message: "an API key has no session: send a session token"}
}

// accountSettings are this server's own endpoints, which client libraries ask
// for first. There is no chat server behind the one that they must have.
func (d *door) accountSettings(r *request) (answer, error) {
	scheme := "http"
	if r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		scheme = "https"
	}
	return answer{http.StatusOK, struct {
		AccountID          int    `json:"account_id"`
		APIEndpoint        string `json:"api_endpoint"`
		ChatEndpoint       string `json:"chat_endpoint"`
		TURNServerEndpoint string `json:"turnserver_endpoint"`
		S3BucketName       string `json:"s3_bucket_name"`
	}{0, scheme + "://" + r.Host, hostname(r.Host), hostname(r.Host), ""}}, nil
}
