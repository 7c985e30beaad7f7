package quickblox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"dialogs/dialog"
	"dialogs/dialog/dialogtest"
)

// TestMessagesFitIntoNotices puts the longest values into every place that a
// message can show. What a message may have is checked for every answer of
// these tests.
func TestMessagesFitIntoNotices(t *testing.T) {
	d := open(t)
	id := d.group("1", "2")
	for _, n := range []int{60, 64, 128, 1000} {
		long := strings.Repeat("n", n)
		for _, c := range []dialog.Caller{user("1"), user("9"), server(), onBehalf(dialog.UserID(long[:min(n, 128)])), {}} {
			for _, query := range []string{
				"limit=" + long, "skip=" + long, "sort_asc=" + long, "sort_desc=" + long, long + "=1", "name[" + long + "]=1", "type=" + long, "_id=" + long,
				"_id[in]=" + long, "occupants_ids[all]=" + long + long, "data[class_name]=" + long, "data[" + long + "]=" + long, "name[ctn]=" + long + long,
				"updated_at[gte]=" + long, "created_at[lt]=" + long, "data[class_name]=" + dialogtest.Class().Name + "&data[" + long + "]=1",
				"%zz" + long, "owner=" + long, "user_id=" + long + long,
			} {
				d.get(c, "/chat/Dialog.json?"+query)
			}
			for _, body := range []string{
				`{"name": "` + strings.Repeat(long, 4) + `"}`, `{"photo": "` + strings.Repeat(long, 3) + `"}`, `{"push_all": {"occupants_ids": ["` + long + long + `"]}}`,
				`{"push_all": {"admin_ids": ["` + long + `"]}}`, `{"data": {"class_name": "` + long + `", "` + long + `": 1}}`, `{"type": "` + long + `"}`,
				`{"data": {"class_name": "` + dialogtest.Class().Name + `", "` + long + `": {"` + long + `": 1}}}`, `{"name": {"` + long + `": 1}}`, `{"user_id": "` + long + `"}`,
				`{"type": 3, "occupants_ids": ["` + long + `", "` + long + `2"]}`, `{"type": 2, "name": "x", "occupants_ids": "` + long + `,` + long + long + `"}`, `{` + long,
				`{"type": 2, "name": "x", "admins_ids": ["` + long + `"], "admin_ids": ["` + long + `"]}`, `{"user_id": "` + long + `", "name": "x"}`,
			} {
				d.put(c, id, body)
				d.send(c, http.MethodPost, "/chat/Dialog.json", asJSON, body)
				d.send(c, http.MethodPost, "/session.json", asJSON, body)
				d.send(c, http.MethodPost, "/chat/Dialog.json", asForm, "type=2&name=x&"+url.Values{long: {long}, "data[" + long + "][" + long + "]": {long}}.Encode())
			}
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, strings.ToUpper(long)} {
				for _, path := range []string{"/chat/Dialog/" + long + ".json", "/chat/" + long, "/users/" + long + long + "/tokens", "/session/" + long, "/chat/Message.json?chat_dialog_id=" + long} {
					d.send(c, method, path, asJSON, `{}`)
				}
			}
			d.send(c, http.MethodPost, "/chat/Dialog.json", long+"/"+long, "x")
		}
	}
}
