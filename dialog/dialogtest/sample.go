package dialogtest

import "dialogs/dialog"

// Sample picks cells for a way that need not be asked about all of them: of
// each row and type one cell of each kind of verdict, with the credentials in
// turn.
func Sample(cells []Cell) []Cell {
	type kind struct {
		dialogType dialog.Type
		act        string
		code       dialog.Code
	}
	groups := map[kind][]Cell{}
	var order []kind
	for _, cell := range cells {
		k := kind{cell.Type, cell.Act, cell.Want.Code}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], cell)
	}
	picked := make([]Cell, len(order))
	for i, k := range order {
		picked[i] = groups[k][i%len(groups[k])]
	}
	return picked
}
