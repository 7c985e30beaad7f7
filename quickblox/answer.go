package quickblox

import (
	"context"
	"encoding/json"

	"dialogs/budget"
	"dialogs/dialog"
)

// load loads a page of dialogs, charged to the answer.
func (d *handler) load(r *request, list dialog.ListRequest) (page dialog.Page, err error) {
	most := int64(min(max(list.First.Value, 1), pageLimit)+1) * d.Service.Policy().Limits.MostDialogMemory()
	err = r.answer.LoadInTurn(r.Context(), most, func(ctx context.Context) (memory int64, err error) {
		page, err = d.Service.List(ctx, r.caller, list)
		for i := range page.Dialogs {
			memory += page.Dialogs[i].Memory()
		}
		return memory, err
	})
	return page, err
}

// viewMemory is what a view of a dialog takes beside its bytes.
const viewMemory = 1 << 10

// chargeViews charges the dialogs in an answer before they are encoded. After a
// change, its refusal says that the change was made.
func (r *request) chargeViews(body any) error {
	var views []dialogView
	switch body := body.(type) {
	case dialogView:
		views = []dialogView{body}
	case listView:
		views = body.Items
	}
	for i := range views {
		if err := r.answer.Charge(r.Context(), views[i].bytes(), viewMemory); err != nil {
			if _, isList := body.(listView); !isList && needsBody(r.Method) {
				return budget.ChangeMade(err)
			}
			return err
		}
	}
	return nil
}

// bytes is about how many bytes the view has in an answer.
func (v *dialogView) bytes() int64 {
	n := int64(512)
	for _, text := range []*string{v.Name, v.Photo, v.XMPPRoomJID} {
		if text != nil {
			n += budget.TextBytes(*text)
		}
	}
	for _, list := range [][]userView{v.OccupantsIDs, v.AdminIDs} {
		for _, id := range list {
			n += budget.TextBytes(string(id)) + 1
		}
	}
	for name, value := range v.Data {
		raw, _ := value.(json.RawMessage)
		n += int64(len(name)+len(raw)) + 4
	}
	return n
}
