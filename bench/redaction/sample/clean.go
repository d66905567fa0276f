package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Clean makes n texts in which nothing needs redaction: prose, code, logs, numbers, interface strings, tables, German and French.
func Clean(seed uint64, n int) []Text {
	r := rand.New(rand.NewPCG(seed, 0xc1ea4))
	kinds := []func(*rand.Rand) string{cleanProse, cleanProse, cleanCode, cleanLog, cleanNumbers, cleanInterface, cleanInterface, cleanTable, cleanForeign}
	out := make([]Text, n)
	for i := range out {
		out[i] = Text{Text: kinds[i%len(kinds)](r)}
	}
	return out
}

var (
	subjects = strings.Split("the report|our meeting|this invoice|the new printer|the weather|a second draft|the build|her answer|the old server|lunch|the budget|the training|that ticket|the parking lot", "|")
	verbs    = strings.Split("is ready|was moved to the afternoon|needs one more page|did not arrive|looks good to me|takes about ten minutes|is on the shared drive|has been cancelled|can wait until next week|costs less than we thought", "|")
	tails    = strings.Split("so we can go on|but nobody noticed|and that is fine|because the door was locked|as far as I know|unless something changes|which is a pity|if you agree", "|")
)

func cleanProse(r *rand.Rand) string {
	s := pick(r, subjects) + " " + pick(r, verbs)
	switch r.IntN(5) {
	case 0:
		s += ", " + pick(r, tails)
	case 1:
		s += ". Please check it again. Thank you very much for your patience"
	case 2:
		s = "I think " + s + " on " + pick(r, strings.Fields("Monday Tuesday Friday Sunday")) + " at 10:30"
	case 3:
		s = "Do you know whether " + s + "? We have " + fmt.Sprint(2+r.IntN(40)) + " people waiting in room " + fmt.Sprint(1+r.IntN(400))
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func cleanCode(r *rand.Rand) string {
	v := pick(r, strings.Fields("count index buffer userName totalSize fileReader maxRetries elementList"))
	return pick(r, []string{
		fmt.Sprintf("for %s := 0; %s < len(items); %s++ {", v, v, v),
		fmt.Sprintf("def get_%s(self, value=%d):", v, r.IntN(100)),
		fmt.Sprintf("const %s = document.getElementById('%s-panel');", v, v),
		fmt.Sprintf("if (%s == null) { throw new IllegalArgumentException(\"%s must not be null\"); }", v, v),
		fmt.Sprintf("import { %s } from './components/%s';", v, strings.ToLower(v)),
		fmt.Sprintf("// %s is read once and kept until the window is closed", v),
		fmt.Sprintf("SELECT %s FROM orders WHERE status = 'open' ORDER BY created LIMIT %d;", v, r.IntN(500)),
		fmt.Sprintf("git checkout -b feature/%s-%d && make test", strings.ToLower(v), r.IntN(300)),
		fmt.Sprintf(".panel-%s { margin: %dpx; color: #%02x%02x%02x; }", v, r.IntN(40), r.IntN(256), r.IntN(256), r.IntN(256)),
	})
}

func cleanLog(r *rand.Rand) string {
	at := fmt.Sprintf("2026-%02d-%02d %02d:%02d:%02d", 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60))
	return at + pick(r, []string{" INFO server started in " + fmt.Sprint(r.IntN(9000)) + " ms", ",123 WARN cache miss for /static/app.css, 3 retries", " [main] DEBUG loaded 42 plugins from /usr/lib/plugins",
		" ERROR cannot open settings.json: no such file or directory", " GET /index.html 200 5123 0.004", " worker-" + fmt.Sprint(r.IntN(20)) + " finished batch " + fmt.Sprint(r.IntN(9999)) + " of 12000"})
}

func cleanNumbers(r *rand.Rand) string {
	return pick(r, []string{
		fmt.Sprintf("%d items at %d.%02d each, %d %% off", r.IntN(900), r.IntN(900), r.IntN(100), r.IntN(90)),
		fmt.Sprintf("version %d.%d.%d of %d", r.IntN(20), r.IntN(20), r.IntN(20), 2015+r.IntN(12)),
		fmt.Sprintf("pages %d-%d, chapter %d", r.IntN(100), 100+r.IntN(200), r.IntN(20)),
		fmt.Sprintf("%dx%d pixels at %d Hz", 640+r.IntN(3000), 480+r.IntN(2000), 60+r.IntN(84)),
		fmt.Sprintf("%d,%03d,%03d rows in %d.%d s", 1+r.IntN(9), r.IntN(1000), r.IntN(1000), r.IntN(60), r.IntN(10)),
		fmt.Sprintf("from %d:%02d to %d:%02d, %d km", r.IntN(12), r.IntN(60), 12+r.IntN(12), r.IntN(60), r.IntN(900)),
		fmt.Sprintf("the years %d-%d", 1950+r.IntN(30), 1985+r.IntN(40)), fmt.Sprintf("order of magnitude 10^%d, error 0.%03d", r.IntN(12), r.IntN(1000)),
		fmt.Sprintf("$%d.%02d in Q%d", r.IntN(9000), r.IntN(100), 1+r.IntN(4)), fmt.Sprintf("ISO %d and RFC %d", 1000+r.IntN(30000), 1000+r.IntN(8000)),
	})
}

func cleanInterface(r *rand.Rand) string {
	return pick(r, strings.Split("Save As...|Open Recent|Undo Typing|Find and Replace|Show in Folder|New Private Window|Zoom In|Preferences|Sign out|Ctrl+Shift+P|Page 3 of 12|File Edit View Help|Delete 4 files?|"+
		"Are you sure you want to close this tab?|Network settings|Check for Updates|Print Preview|Export as PDF|Inbox (12)|Untitled - Text Editor|report.xlsx - LibreOffice Calc|Downloads - File Manager|"+
		"Terminal - make test|Screen brightness 80 %|No results found|Loading, please wait|Accept all cookies|Add to Cart|Continue to checkout|Forgot password?|Enter your password|Last modified yesterday|"+
		"Sort by name|Select All|Word Count: 512|Insert Table|Send Feedback|Terms of Service|Privacy Policy|Create New Folder|Empty Trash|Dark Mode|Turn off notifications for 1 hour|Version history|Column Width", "|"))
}

func cleanTable(r *rand.Rand) string {
	row := []string{pick(r, strings.Fields("apples screws paper cables chairs filters")), fmt.Sprint(r.IntN(500)), fmt.Sprintf("%d.%02d", r.IntN(90), r.IntN(100)), pick(r, strings.Fields("open paid shipped late"))}
	return strings.Join(row, pick(r, []string{"\t", " | ", ",", ";", "   "}))
}

func cleanForeign(r *rand.Rand) string {
	return pick(r, []string{"Der Bericht ist fertig und liegt auf dem Tisch.", "Bitte prüfen Sie die Rechnung noch einmal.", "Die Besprechung wurde auf den Nachmittag verschoben.", "Das Wetter ist heute schlecht, aber der Drucker geht wieder.",
		"Le rapport est prêt, il suffit de le lire.", "La réunion est reportée à la semaine prochaine.", "El informe está listo para la reunión del viernes.", "Il documento è nella cartella condivisa.",
		"Datei speichern unter", "Einstellungen öffnen", "Fichier introuvable", "Abrir archivo reciente", "Die Schlüssel liegen im Büro neben der Kaffeemaschine."})
}
