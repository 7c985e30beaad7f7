package answer

// Room is how long the text of an object is, and what it takes in memory.
func (o *Object) Room() (length, memory int) { return len(o.text), cap(o.text) }
