package tray

import (
	"fmt"
	"strings"
	"time"
)

// row is a line of the menu. Rows are made once, in this order; what a row says changes, and a row that says nothing is hidden.
type row int

const (
	rowState row = iota
	rowAnswer
	rowPauseForever
	rowPauseHour
	rowPauseQuarter
	rowResume
	rowForget
	rowWhat
	rowWhatApp
	rowWhatLast
	rowWhatKinds
	rowWhatAgreed
	rowThrift
	rowToday
	rowLeaves
	rowReview
	rowWithdraw
	rowWithdrawNow
	rowQuit
	rows
)

// acts are what a click on a row asks for. Rows without one only tell.
var acts = [rows]Act{
	rowPauseForever: PauseForever, rowPauseHour: PauseHour, rowPauseQuarter: PauseQuarter, rowResume: Resume, rowForget: Forget,
	rowReview: Review, rowWithdrawNow: Withdraw, rowQuit: Quit,
}

// parents are the rows that open into others.
var parents = map[row]row{
	rowWhatApp: rowWhat, rowWhatLast: rowWhat, rowWhatKinds: rowWhat, rowWhatAgreed: rowWhat, rowWithdrawNow: rowWithdraw,
}

// lined rows stand under a line.
var lined = map[row]bool{rowPauseForever: true, rowForget: true, rowQuit: true}

// menu is what each row says about v at a moment of that day.
func menu(v View, now time.Time) (m [rows]string) {
	m = [rows]string{
		rowPauseForever: "Pause until I resume",
		rowPauseHour:    "Pause for 1 hour",
		rowPauseQuarter: "Pause for 15 minutes",
		rowForget:       "Forget the last 10 minutes",
		rowWhat:         "What is recorded now",
		rowReview:       "Review what was recorded",
		rowQuit:         "Quit (stop recording until you resume, and close)",
	}
	m[rowState] = state(v, now)
	m[rowAnswer] = v.Answer
	if v.State == "paused" {
		m[rowResume] = "Resume"
	}
	m[rowWhatApp] = "Nothing: " + v.Words
	switch {
	case v.State == "recording":
		m[rowWhatApp], m[rowWhatKinds] = "Application: "+v.App, "Kinds: "+v.Kinds
	case v.lastApp != "": // an open menu holds the keyboard, so nothing is recorded while the person reads this
		m[rowWhatLast] = "Until " + clock(v.lastAt, now) + ": " + v.lastApp
	}
	m[rowWhatAgreed] = "You have agreed to nothing"
	if !v.AgreedUntil.IsZero() {
		m[rowWhatAgreed] = "You agreed until " + clock(v.AgreedUntil, now)
		m[rowWithdraw] = "Withdraw consent"
		m[rowWithdrawNow] = "Withdraw now, and destroy what has not left"
	}
	if v.Thrift != "" {
		m[rowThrift] = "Sparing: " + v.Thrift
	}
	m[rowToday] = today(v)
	m[rowLeaves] = leaves(v, now)
	return m
}

// today says what left today, and what keeps the rest.
func today(v View) string {
	if v.Most <= 0 {
		return ""
	}
	words := fmt.Sprintf("Sent today: %.1f of %.0f MB", float64(v.Used)/1e6, float64(v.Most)/1e6)
	if v.Waits != "" {
		words += "; boxes wait: " + v.Waits
	}
	return words
}

// state is the first line: the state in a word, and why.
func state(v View, now time.Time) string {
	switch {
	case v.State == "recording":
		return "Recording: " + v.App
	case v.State == "paused" && v.PausedUntil.IsZero():
		return "Paused: until you resume"
	case v.State == "paused":
		return "Paused: until " + clock(v.PausedUntil, now)
	case v.State == "":
		return "Not recording"
	}
	return strings.ToUpper(v.State[:1]) + v.State[1:] + ": " + v.Words
}

// leaves says when the next box leaves this computer.
func leaves(v View, now time.Time) string {
	switch {
	case v.Held == 0:
		return "Nothing waits to leave"
	case v.NextSend.After(now):
		return "The next box may leave at " + clock(v.NextSend, now)
	}
	return boxes(v.Held) + " on the way out"
}

func boxes(n int) string {
	if n == 1 {
		return "1 box is"
	}
	return fmt.Sprintf("%d boxes are", n)
}

// clock is a time of day, with the day if it is another one.
func clock(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04")
	}
	return t.Format("2 Jan 15:04")
}
