package api

import "unicode/utf8"

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

// longestLogged bounds what a client can put into an attribute of the log, in bytes.
const longestLogged = 200

// ForLog shortens a text from a client for an attribute of the log.
func ForLog(text string) string {
	if len(text) <= longestLogged {
		return text
	}
	end := longestLogged
	for end > longestLogged-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
