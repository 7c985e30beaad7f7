package quickblox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"dialogs/dialog"
	"dialogs/quickblox"
)

// FuzzRequest sends any request by anyone. Whatever it is, the answer is JSON
// or empty, of a documented status, and never an internal error.
func FuzzRequest(f *testing.F) {
	for _, seed := range [][4]string{
		{http.MethodPut, "/chat/Dialog/{id}.json", asJSON, `{"name": "x", "push_all": {"occupants_ids": [5, "a"]}, "data": {"class_name": "Card", "level": 1e400}}`},
		{http.MethodPut, "/chat/Dialog/{id}", asForm, "push_all[occupants_ids][]=5&data[class_name]=Card&data[place]=1,2&photo="},
		{http.MethodPost, "/chat/Dialog.json", asJSON, `{"type": 3, "occupants_ids": "5"}`},
		{http.MethodPost, "/chat/Dialog.json", asForm, "type=2&name=x&occupants_ids=1%2c%202&admin_ids[]=2"},
		{http.MethodGet, "/chat/Dialog.json?limit=5&skip=1&sort_desc=name&_id[in]={id},x&created_at[gt]=5&data[class_name]=Card&data[tags][]=a", "", ""},
		{http.MethodDelete, "/chat/Dialog/{id},x,.json", asJSON, "force=1"},
		{http.MethodPost, "/session.json", asJSON, `{"user_id": 5}`},
		{http.MethodGet, "/session.json", "", ""},
		{http.MethodPost, "/users/%00/tokens", "", ""},
		{http.MethodPut, "/chat/Dialog/{id}", asJSON, "{\"name\": \"\xff\"}"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], byte(1))
	}
	f.Fuzz(func(t *testing.T, method, path, contentType, body string, who byte) {
		d := open(t)
		id := d.group("1", "2")
		r, err := request(t.Context(), method, strings.ReplaceAll(path, "{id}", id), contentType, body)
		if err != nil || !strings.HasPrefix(r.URL.Path, "/") {
			return // no HTTP server would pass this on
		}
		caller := user("1")
		if who%2 == 0 {
			caller = server()
		}
		a := d.do(caller, r)
		if a.Status >= 500 || d.log.String() != "" {
			t.Fatalf("got status %d and the log %s: %s", a.Status, d.log, a.Body)
		}
		if a.Body != "" && a.Header.Get("Content-Type") == "application/json; charset=utf-8" && !json.Valid([]byte(a.Body)) {
			t.Fatalf("the answer is not JSON: %s", a.Body)
		}
	})
}

// FuzzReader reads any text to its end: every dialog of it is one that the
// domain can judge, or a refusal.
func FuzzReader(f *testing.F) {
	for _, text := range []string{
		`{"total_entries": 1, "items": [` + first + `, 5]}`, `[` + second + `]`, first + "\n" + second, `{"items": {}, "_id": 5}`,
		`{"_id": "5d75393ba28f9a17e1cb0f9e", "type": 1e400, "created_at": 1e9}`, `{"created_at": "2019-09-08T17:24:11Z", "data": {"class_name": null}}`, `[[]]`, `{"a":`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := open(t)
		r := quickblox.NewReader(strings.NewReader(text))
		for {
			foreign, err := r.Next()
			if err != nil && !dialog.IsCode(err, dialog.Invalid) {
				return // the end, or no JSON
			}
			if err != nil {
				continue
			}
			if _, err := d.service.Adopt(t.Context(), server(), foreign); err != nil && !dialog.IsCode(err, dialog.Invalid) {
				t.Fatalf("%+v: %v", foreign, err)
			}
		}
	})
}
