package graph

import (
	"github.com/99designs/gqlgen/graphql"

	"dialogs/dialog"
	"dialogs/graph/model"
)

func creationOf(in model.CreateDialogInput) dialog.Creation {
	return dialog.Creation{
		Type: in.Type, Name: given(in.Name), Photo: given(in.Photo),
		Occupants: userIDs(in.OccupantIds), Admins: userIDs(in.AdminIds), Custom: customOf(in.CustomData),
		Owner: givenUser(in.OwnerID), ID: given(in.ID), IdempotencyKey: given(in.IdempotencyKey),
	}
}

func changeOf(in model.UpdateDialogInput) dialog.Change {
	c := dialog.Change{
		Name:         nameOf(in.Name),
		Photo:        given(in.Photo.Value()),
		ClearPhoto:   in.Photo.IsSet() && in.Photo.Value() == nil,
		AddOccupants: userIDs(in.AddOccupants), RemoveOccupants: userIDs(in.RemoveOccupants),
		AddAdmins: userIDs(in.AddAdmins), RemoveAdmins: userIDs(in.RemoveAdmins),
		NewOwner: givenUser(in.NewOwnerID), Custom: customOf(in.CustomData),
		IdempotencyKey: given(in.IdempotencyKey),
	}
	if in.IfVersion != nil {
		c.IfVersion = dialog.Some(int64(*in.IfVersion))
	}
	return c
}

// nameOf treats null as an empty name, which the domain refuses.
func nameOf(in graphql.Omittable[*string]) dialog.Optional[string] {
	if in.IsSet() && in.Value() == nil {
		return dialog.Some("")
	}
	return given(in.Value())
}

func customOf(in []model.CustomDataInput) []dialog.CustomInput {
	custom := make([]dialog.CustomInput, len(in))
	for i, c := range in {
		custom[i] = dialog.CustomInput{Class: c.ClassName, Fields: c.Fields}
	}
	return custom
}

func fieldsOf(in []model.CustomFieldInput) []dialog.Field {
	fields := make([]dialog.Field, len(in))
	for i, f := range in {
		fields[i] = dialog.Field{Name: f.Name, Type: f.Type, List: f.List}
	}
	return fields
}

func orderOf(in model.DialogOrder) dialog.Order {
	return dialog.Order{Field: in.Field, Descending: in.Direction == model.OrderDirectionDesc}
}

func filterOf(in *model.DialogFilter) dialog.FilterInput {
	if in == nil {
		return dialog.FilterInput{}
	}
	f := dialog.FilterInput{
		IDs: in.Ids, Types: in.Types, Owner: givenUser(in.OwnerID), Occupants: userIDs(in.OccupantIds),
		NameContains: given(in.NameContains),
		UpdatedAfter: given(in.UpdatedAfter), UpdatedBefore: given(in.UpdatedBefore),
		CreatedAfter: given(in.CreatedAfter), CreatedBefore: given(in.CreatedBefore),
	}
	for _, c := range in.CustomData {
		f.Custom = append(f.Custom, dialog.CustomInput{Class: c.ClassName, Fields: c.Fields})
	}
	return f
}

// given converts a nullable input: null means that it is not given.
func given[T any](v *T) dialog.Optional[T] {
	if v == nil {
		return dialog.Optional[T]{}
	}
	return dialog.Some(*v)
}

func givenUser(id *string) dialog.Optional[dialog.UserID] {
	if id == nil {
		return dialog.Optional[dialog.UserID]{}
	}
	return dialog.Some(dialog.UserID(*id))
}

func userIDs(texts []string) []dialog.UserID {
	ids := make([]dialog.UserID, len(texts))
	for i, text := range texts {
		ids[i] = dialog.UserID(text)
	}
	return ids
}
