package quickblox

import (
	"net/http"
	"time"

	"dialogs/api"
	"dialogs/dialog"
)

// sessionTTL is how long a session is valid: as long as QuickBlox documents, but
// counted from its creation, not from its last request.
const sessionTTL = 2 * time.Hour

// howToSignIn answers requests with credentials that only QuickBlox can check.
const howToSignIn = "your back end creates sessions: POST /session.json with its API key and user_id. Passwords and signatures are not supported"

// A sessionView is a session as QuickBlox shows it. There are no applications
// here, and sessions have no numbers.
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

// createSession creates a session for a user. It requires an API key without
// On-Behalf-Of.
func (d *handler) createSession(r *request) (answer, error) {
	if r.caller.Kind() == dialog.Anonymous {
		return answer{}, &dialog.Error{Code: dialog.Unauthenticated, Message: howToSignIn}
	}
	user, err := r.params.takeUser("user_id")
	if err != nil {
		return answer{}, err
	}
	if !user.Given {
		return answer{}, invalid("user_id", howToSignIn)
	}
	if err := dialog.JudgeAdmin(r.caller); err != nil {
		return answer{}, err
	}
	token, _, err := d.Sessions.Mint(user.Value, sessionTTL)
	if err != nil {
		return answer{}, err
	}
	createdAt := d.Now()
	return answer{http.StatusCreated, map[string]sessionView{"session": {
		Token: token, UserID: userView(user.Value),
		CreatedAt: instantView(createdAt), UpdatedAt: instantView(createdAt), Timestamp: createdAt.Unix(),
	}}}, nil
}

// createToken is createSession as it is documented for API keys.
func (d *handler) createToken(r *request) (answer, error) {
	if err := dialog.JudgeAdmin(r.caller); err != nil {
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

// showSession shows the session of the token that was sent.
func (d *handler) showSession(r *request) (answer, error) {
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

// endSession ends the session of the token that was sent.
func (d *handler) endSession(r *request) (answer, error) {
	if _, ok := d.Session(r.Context()); !ok {
		return answer{}, errNoSession()
	}
	return answer{status: http.StatusOK}, d.Sessions.End(r.Context())
}

func errNoSession() error {
	return &api.Refusal{Code: api.NotFound, Message: "an API key has no session: send a session token"}
}

// accountSettings are this server's own endpoints, which client libraries ask
// for first. They require a chat endpoint, although there is no chat server.
func (d *handler) accountSettings(r *request) (answer, error) {
	address := d.address(r.Request)
	return answer{http.StatusOK, struct {
		AccountID          int    `json:"account_id"`
		APIEndpoint        string `json:"api_endpoint"`
		ChatEndpoint       string `json:"chat_endpoint"`
		TURNServerEndpoint string `json:"turnserver_endpoint"`
		S3BucketName       string `json:"s3_bucket_name"`
	}{0, address.String(), address.Hostname(), address.Hostname(), ""}}, nil
}
