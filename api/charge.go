package api

import (
	"context"
	"sync/atomic"
)

// A Charger counts units of one operation against the rate limits of its caller, beside
// those that were counted for it before. If a
// limit is exceeded, it counts nothing and returns a RATE_LIMITED refusal that
// says how long to wait.
type Charger func(units, before int) *Refusal

// After returns a charger for one operation of which this many units are
// already counted.
func (c Charger) After(units int) Charger {
	var counted atomic.Int64
	counted.Store(int64(units))
	return func(units, before int) *Refusal {
		already := int(counted.Swap(0))
		if units -= already; units <= 0 {
			return nil
		}
		return c(units, before+already)
	}
}

type chargerKey struct{}

// WithCharger returns a context whose operations are counted by the charger.
func WithCharger(ctx context.Context, c Charger) context.Context {
	return context.WithValue(ctx, chargerKey{}, c)
}

// Charge counts one operation by its size, as [Units] gives it. Each API calls
// it once per operation, before anything is executed. Its error is a [Refusal].
// Without a rate limit it does nothing.
func Charge(ctx context.Context, units int) error {
	charge, ok := ctx.Value(chargerKey{}).(Charger)
	if !ok {
		return nil
	}
	if refusal := charge(units, 0); refusal != nil {
		return refusal
	}
	return nil
}

// ChargeAhead counts one unit for an operation of a stream before anything of it is
// read, as a request is counted. [Charge] counts the rest in the context that it
// returns.
func ChargeAhead(ctx context.Context) (context.Context, error) {
	charge, ok := ctx.Value(chargerKey{}).(Charger)
	if !ok {
		return ctx, nil
	}
	if refusal := charge(1, 0); refusal != nil {
		return ctx, refusal
	}
	return WithCharger(ctx, charge.After(1)), nil
}

const (
	// valuesPerUnit is how many values of the input count as much as one call:
	// ids of occupants, dialogs to find, fields of custom data.
	valuesPerUnit = 100
	// fieldsPerUnit is the same for the fields that an answer may come to.
	fieldsPerUnit = 1000
)

// Units is the size of an operation: how many calls of the domain it makes, how
// many values its input has, and how many fields its answer may come to. The
// screen of a client is one or a few units.
func Units(calls, values, fields int) int {
	return max(1, calls) + values/valuesPerUnit + fields/fieldsPerUnit
}

// Leaves counts the values inside a value that was read from JSON.
func Leaves(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			n += Leaves(item)
		}
	case map[string]any:
		for _, item := range v {
			n += Leaves(item)
		}
	default:
		n = 1
	}
	return n
}
