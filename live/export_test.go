package live

// SetBack drops what waits for the watch, as if others needed the room.
func (w *Watch) SetBack() { w.setBack() }
