package dialogtest

import "dialogs/dialog"

// table says what becomes of each thing that can be asked of a dialog, by
// what the caller is to it:
//
//	yes  it is done, or found done
//	no   FORBIDDEN by the row's rule; the row tells whom the rule allows
//	see  FORBIDDEN by the rule see: the caller may not even look
//	bad  BAD_USER_INPUT, blamed on the row's field: the type has no such thing
//	401  UNAUTHENTICATED
//	-    there is no such case
//
// A PUBLIC_GROUP has no occupants and a PRIVATE dialog no admins. "Another"
// and "the owner" are never the caller; a server has no self.
const table = `
                          | PUBLIC_GROUP                     | GROUP                                     | PRIVATE                             |               |             |
                          | owner admin outsider server anon | owner admin occupant outsider server anon | owner occupant outsider server anon | rule          | allowed     | field
see                       | yes   yes   yes      yes    401  | yes   yes   yes      see      yes    401  | yes   yes      see      yes    401  | see           |             |
rename                    | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | rename        | OWNER ADMIN | name
rename to the same        | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | rename        | OWNER ADMIN | name
set photo                 | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | rename        | OWNER ADMIN | photo
clear photo               | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | rename        | OWNER ADMIN | photo
add a newcomer            | bad   bad   bad      bad    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | addOccupants  |             | addOccupants
add one who is in         | bad   bad   bad      bad    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | addOccupants  |             | addOccupants
leave                     | bad   bad   bad      -      401  | yes   yes   yes      see      -      401  | bad   bad      see      -      401  | leave         |             | removeOccupants
remove another occupant   | bad   bad   bad      bad    401  | yes   yes   no       see      yes    401  | bad   bad      see      bad    401  | removeOthers  | OWNER ADMIN | removeOccupants
remove one who is not in  | bad   bad   bad      bad    401  | yes   yes   no       see      yes    401  | bad   bad      see      bad    401  | removeOthers  | OWNER ADMIN | removeOccupants
remove another admin      | bad   bad   bad      bad    401  | yes   no    no       see      yes    401  | -     -        -        -      -    | removeOthers  | OWNER       | removeOccupants
remove the owner          | -     bad   bad      bad    401  | -     no    no       see      yes    401  | -     bad      see      bad    401  | removeOthers  | OWNER       | removeOccupants
set custom data           | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | yes   yes      see      yes    401  | setCustomData | OWNER ADMIN | customData
remove custom data        | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | yes   yes      see      yes    401  | setCustomData | OWNER ADMIN | customData
name another admin        | yes   no    no       yes    401  | yes   no    no       see      yes    401  | bad   bad      see      bad    401  | changeAdmins  | OWNER       | addAdmins
name oneself admin        | yes   no    no       -      401  | yes   no    no       see      -      401  | bad   bad      see      -      401  | changeAdmins  | OWNER       | addAdmins
dismiss another admin     | yes   no    no       yes    401  | yes   no    no       see      yes    401  | -     -        -        -      -    | changeAdmins  | OWNER       | removeAdmins
dismiss one who is none   | yes   no    no       yes    401  | yes   no    no       see      yes    401  | bad   bad      see      bad    401  | changeAdmins  | OWNER       | removeAdmins
dismiss oneself as admin  | yes   yes   no       -      401  | yes   yes   no       see      -      401  | bad   bad      see      -      401  | changeAdmins  | OWNER       | removeAdmins
transfer to another       | yes   no    no       yes    401  | yes   no    no       see      yes    401  | bad   bad      see      bad    401  | transfer      | OWNER       | newOwnerId
take ownership            | yes   no    no       -      401  | yes   no    no       see      -      401  | bad   bad      see      -      401  | transfer      | OWNER       | newOwnerId
delete                    | yes   no    no       yes    401  | yes   no    no       see      yes    401  | yes   yes      see      yes    401  | delete        | OWNER       |
`

// asked is the change of a row for a caller in the dialog of
// [People.Creation]; see is no change.
func asked(act string, t dialog.Type, p People, self dialog.UserID) (change dialog.Change, ok bool) {
	another := p.OtherOccupant
	if t == dialog.Private {
		another = p.Occupant
		if self == p.Occupant {
			another = p.Owner
		}
	}
	card := func(note any) []dialog.CustomInput {
		return []dialog.CustomInput{{Class: "Card", Fields: map[string]any{"note": note}}}
	}
	list := func(u dialog.UserID) []dialog.UserID { return []dialog.UserID{u} }
	switch act {
	case "rename":
		return dialog.Change{Name: dialog.Some("Dinner")}, true
	case "rename to the same":
		return dialog.Change{Name: dialog.Some("Lunch")}, true
	case "set photo":
		return dialog.Change{Photo: dialog.Some("https://photos.example/dinner")}, true
	case "clear photo":
		return dialog.Change{ClearPhoto: true}, true
	case "add a newcomer":
		return dialog.Change{AddOccupants: list(p.Newcomer)}, true
	case "add one who is in":
		return dialog.Change{AddOccupants: list(p.Owner)}, true
	case "leave":
		return dialog.Change{RemoveOccupants: list(self)}, true
	case "remove another occupant":
		return dialog.Change{RemoveOccupants: list(another)}, true
	case "remove one who is not in":
		return dialog.Change{RemoveOccupants: list(p.Newcomer)}, true
	case "remove another admin":
		return dialog.Change{RemoveOccupants: list(p.OtherAdmin)}, true
	case "remove the owner":
		return dialog.Change{RemoveOccupants: list(p.Owner)}, true
	case "set custom data":
		return dialog.Change{Custom: card("as it is now")}, true
	case "remove custom data":
		return dialog.Change{Custom: card(nil)}, true
	case "name another admin":
		return dialog.Change{AddAdmins: list(another)}, true
	case "name oneself admin":
		return dialog.Change{AddAdmins: list(self)}, true
	case "dismiss another admin":
		return dialog.Change{RemoveAdmins: list(p.OtherAdmin)}, true
	case "dismiss one who is none":
		return dialog.Change{RemoveAdmins: list(p.Newcomer)}, true
	case "dismiss oneself as admin":
		return dialog.Change{RemoveAdmins: list(self)}, true
	case "transfer to another":
		return dialog.Change{NewOwner: dialog.Some(another)}, true
	case "take ownership":
		return dialog.Change{NewOwner: dialog.Some(self)}, true
	case "delete":
		return dialog.Change{Delete: true}, true
	}
	return dialog.Change{}, false
}
