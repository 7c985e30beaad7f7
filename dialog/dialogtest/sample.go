package dialogtest

import "dialogs/dialog"

// Sample picks cells for a way that need not be asked about all of them: those
// at the borders of the rules, where a rule that is too loose or too strict
// shows. Of each row and type these are the weakest caller who is allowed, the
// strongest who is refused for each reason, and the server. The credentials
// are taken in turn.
func Sample(cells []Cell) []Cell {
	type kind struct {
		dialogType dialog.Type
		act        string
		code       dialog.Code
		rule       string
		server     bool
	}
	groups := map[kind][]Cell{}
	var order []kind
	for _, cell := range cells {
		k := kind{dialogType: cell.Type, act: cell.Act, code: cell.Want.Code, server: cell.Credential == Key}
		if cell.Want.Denial != nil {
			k.rule = cell.Want.Denial.Rule
		}
		switch group := groups[k]; {
		case group == nil:
			order = append(order, k)
			groups[k] = []Cell{cell}
		case cell.Standing == group[0].Standing:
			groups[k] = append(group, cell)
		case (cell.Standing > group[0].Standing) == (k.code == 0): // the later, the weaker
			groups[k] = []Cell{cell}
		}
	}
	picked := make([]Cell, len(order))
	for i, k := range order {
		picked[i] = groups[k][i%len(groups[k])]
	}
	return picked
}
