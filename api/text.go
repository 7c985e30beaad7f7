package api

// LongestMessage is how many characters the message of an error has at most, so
// that it fits into a notice of an app.
const LongestMessage = 160

// Shorten is a text for an error or a log line: at most so many characters of
// it, and … at the end of one that was longer.
func Shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end, count := 0, 0
	for at := range text {
		if count++; count == most {
			end = at
		}
		if count > most {
			return text[:end] + "…"
		}
	}
	return text
}
