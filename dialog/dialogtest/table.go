package dialogtest

import "dialogs/dialog"

// table says what happens to each request, by what the caller is to the
// dialog:
//
//	yes  it is done, or already as requested
//	no   FORBIDDEN by the row's rule, which allows the row's standings
//	see  FORBIDDEN by the rule see: the caller may not even see the dialog
//	bad  BAD_USER_INPUT, blamed on the row's field: the type has no such act
//	401  UNAUTHENTICATED
//	-    there is no such case
//
// A PUBLIC_GROUP has no occupants and a PRIVATE dialog no admins. "Another",
// "the owner" and the like are never the caller. A server has no self.
const table = `
                          | PUBLIC_GROUP                     | GROUP                                     | PRIVATE                             |               |             |
                          | owner admin outsider server anon | owner admin occupant outsider server anon | owner occupant outsider server anon | rule          | allowed     | field
see                       | yes   yes   yes      yes    401  | yes   yes   yes      see      yes    401  | yes   yes      see      yes    401  | see           |             |
rename                    | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | rename        | OWNER ADMIN | name
rename to the same        | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | rename        | OWNER ADMIN | name
set photo                 | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | rename        | OWNER ADMIN | photo
clear photo               | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | rename        | OWNER ADMIN | photo
add a newcomer            | bad   bad   bad      bad    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | addOccupants  |             | addOccupants
add a member              | bad   bad   bad      bad    401  | yes   yes   yes      see      yes    401  | bad   bad      see      bad    401  | addOccupants  |             | addOccupants
leave                     | bad   bad   bad      -      401  | yes   yes   yes      see      -      401  | bad   bad      see      -      401  | leave         |             | removeOccupants
remove another occupant   | bad   bad   bad      bad    401  | yes   yes   no       see      yes    401  | bad   bad      see      bad    401  | removeOthers  | OWNER ADMIN | removeOccupants
remove a non-member       | bad   bad   bad      bad    401  | yes   yes   no       see      yes    401  | bad   bad      see      bad    401  | removeOthers  | OWNER ADMIN | removeOccupants
remove another admin      | bad   bad   bad      bad    401  | yes   no    no       see      yes    401  | -     -        -        -      -    | removeOthers  | OWNER       | removeOccupants
remove the owner          | -     bad   bad      bad    401  | -     no    no       see      yes    401  | -     bad      see      bad    401  | removeOthers  | OWNER       | removeOccupants
set custom data           | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | yes   yes      see      yes    401  | setCustomData | OWNER ADMIN | customData
remove custom data        | yes   yes   no       yes    401  | yes   yes   yes      see      yes    401  | yes   yes      see      yes    401  | setCustomData | OWNER ADMIN | customData
appoint another admin     | yes   no    no       yes    401  | yes   no    no       see      yes    401  | bad   bad      see      bad    401  | changeAdmins  | OWNER       | addAdmins
appoint oneself as admin  | yes   no    no       -      401  | yes   no    no       see      -      401  | bad   bad      see      -      401  | changeAdmins  | OWNER       | addAdmins
dismiss another admin     | yes   no    no       yes    401  | yes   no    no       see      yes    401  | -     -        -        -      -    | changeAdmins  | OWNER       | removeAdmins
dismiss a non-admin       | yes   no    no       yes    401  | yes   no    no       see      yes    401  | bad   bad      see      bad    401  | changeAdmins  | OWNER       | removeAdmins
step down as admin        | yes   yes   no       -      401  | yes   yes   no       see      -      401  | bad   bad      see      -      401  | changeAdmins  | OWNER       | removeAdmins
transfer to another       | yes   no    no       yes    401  | yes   no    no       see      yes    401  | bad   bad      see      bad    401  | transfer      | OWNER       | newOwnerId
take ownership            | yes   no    no       -      401  | yes   no    no       see      -      401  | bad   bad      see      -      401  | transfer      | OWNER       | newOwnerId
delete                    | yes   no    no       yes    401  | yes   no    no       see      yes    401  | yes   yes      see      yes    401  | delete        | OWNER       |
`

// sentences are the messages of each row: of "no", which ends with what the
// caller is, and of "bad", where TYPE stands for the dialog's type.
const sentences = `
rename                    | only the owner or an admin may change the name or photo | a TYPE has no name
rename to the same        | only the owner or an admin may change the name or photo | a TYPE has no name
set photo                 | only the owner or an admin may change the name or photo | a TYPE has no photo
clear photo               | only the owner or an admin may change the name or photo | a TYPE has no photo
add a newcomer            |                                                         | occupants cannot be added to a TYPE
add a member              |                                                         | occupants cannot be added to a TYPE
leave                     |                                                         | nobody can leave a TYPE
remove another occupant   | only the owner or an admin may remove others            | occupants cannot be removed from a TYPE
remove a non-member       | only the owner or an admin may remove others            | occupants cannot be removed from a TYPE
remove another admin      | only the owner may remove the owner or an admin         | occupants cannot be removed from a TYPE
remove the owner          | only the owner may remove the owner or an admin         | occupants cannot be removed from a TYPE
set custom data           | only the owner or an admin may set custom data          |
remove custom data        | only the owner or an admin may set custom data          |
appoint another admin     | only the owner may appoint or remove admins             | a TYPE has no admins
appoint oneself as admin  | only the owner may appoint or remove admins             | a TYPE has no admins
dismiss another admin     | only the owner may appoint or remove admins             |
dismiss a non-admin       | only the owner may appoint or remove admins             | a TYPE has no admins
step down as admin        | only the owner may appoint or remove admins             | a TYPE has no admins
transfer to another       | only the owner may transfer the ownership               | the ownership of a TYPE cannot be transferred
take ownership            | only the owner may transfer the ownership               | the ownership of a TYPE cannot be transferred
delete                    | only the owner may delete this dialog                   |
`

// asked is the change of a row for a caller, in the dialog of
// [People.Creation]. The row see has no change.
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
	case "add a member":
		return dialog.Change{AddOccupants: list(p.Owner)}, true
	case "leave":
		return dialog.Change{RemoveOccupants: list(self)}, true
	case "remove another occupant":
		return dialog.Change{RemoveOccupants: list(another)}, true
	case "remove a non-member":
		return dialog.Change{RemoveOccupants: list(p.Newcomer)}, true
	case "remove another admin":
		return dialog.Change{RemoveOccupants: list(p.OtherAdmin)}, true
	case "remove the owner":
		return dialog.Change{RemoveOccupants: list(p.Owner)}, true
	case "set custom data":
		return dialog.Change{Custom: card("as it is now")}, true
	case "remove custom data":
		return dialog.Change{Custom: card(nil)}, true
	case "appoint another admin":
		return dialog.Change{AddAdmins: list(another)}, true
	case "appoint oneself as admin":
		return dialog.Change{AddAdmins: list(self)}, true
	case "dismiss another admin":
		return dialog.Change{RemoveAdmins: list(p.OtherAdmin)}, true
	case "dismiss a non-admin":
		return dialog.Change{RemoveAdmins: list(p.Newcomer)}, true
	case "step down as admin":
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
