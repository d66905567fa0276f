package policy

import "testing"

// privateTitles are how Firefox names a private window in its languages: as it is, and on a system of Apple's make.
var privateTitles = map[string][]string{
	"en":    {"Shop — Mozilla Firefox Private Browsing", "Shop — Private Browsing", "Shop - Mozilla Firefox (Private Browsing)"},
	"de":    {"Laden – Mozilla Firefox – Privater Modus", "Mozilla Firefox Privater Modus", "Laden – Privater Modus"},
	"fr":    {"Boutique — Navigation privée de Mozilla Firefox", "Boutique — Navigation privée"},
	"es":    {"Tienda — Navegación privada de Mozilla Firefox", "Tienda — Mozilla Firefox Navegación privada"},
	"it":    {"Negozio – Mozilla Firefox Navigazione anonima", "Negozio – Mozilla Firefox (Navigazione anonima)"},
	"pt-BR": {"Loja - Mozilla Firefox (Navegação privativa)", "Loja - (Navegação privativa)"},
	"pl":    {"Sklep — Mozilla Firefox — tryb prywatny", "Sklep — Mozilla Firefox (tryb prywatny)"},
	"ru":    {"Магазин — Приватный просмотр Mozilla Firefox", "Магазин — Приватный просмотр"},
	"uk":    {"Крамниця — Приватний перегляд Mozilla Firefox", "Крамниця - Mozilla Firefox (Приватний перегляд)"},
	"be":    {"Крама — Прыватнае агляданне Mozilla Firefox", "Крама - Mozilla Firefox (Прыватнае агляданне)"},
	"tr":    {"Mağaza — Mozilla Firefox Gizli Gezinti", "Mağaza — Mozilla Firefox (Gizli Gezinti)"},
	"nl":    {"Winkel — Mozilla Firefox-privénavigatie", "Winkel – Privénavigatie"},
	"sv":    {"Butik — Mozilla Firefox Privat surfning", "Butik — Privat surfning"},
	"cs":    {"Obchod — Anonymní prohlížení Mozilla Firefoxu", "Obchod — Mozilla Firefox — anonymní prohlížení"},
	"el":    {"Κατάστημα - Mozilla Firefox (Ιδιωτική Περιήγηση)"},
	"hr":    {"Trgovina — Mozilla Firefox privatno pregledanje"},
	"ar":    {"متجر — Mozilla Firefox التصفح الخاص", "متجر — التصفح الخاص"},
	"ja":    {"店 — Mozilla Firefox プライベート ブラウジング"},
	"ko":    {"가게 — Mozilla Firefox 사생활 보호 모드", "가게 - Mozilla Firefox (사생활 보호 모드)"},
	"zh-CN": {"商店 — Mozilla Firefox 隐私浏览"},
	"vi":    {"Shop — Mozilla Firefox duyệt web riêng tư"},
	"th":    {"ร้าน - Mozilla Firefox (การเรียกดูแบบส่วนตัว)"},
	"lv":    {"Veikals - Mozilla Firefox (Privātā pārlūkošana)"},
	"cy":    {"Siop — Pori Preifat Mozilla Firefox"},
}

// otherPrivate are private windows of other makers, with the title alone where it says so.
var otherPrivate = []string{
	"Shop - Google Chrome (Incognito)", "Laden - Google Chrome (Inkognito)", "Tienda - Google Chrome (Incógnito)", "Shop - Chromium (Incognito)",
	"Loja - Google Chrome (Anônima)", "Boutique - Google Chrome (Navigation privée)", "店 - Google Chrome（シークレット）", "가게 - Google Chrome(시크릿)",
	"Shop - [InPrivate] - Microsoft Edge", "Shop - InPrivate - Microsoft\u200b Edge", "Shop - [InPrivate] - Profile 1 - Microsoft\u200b Edge",
	"Shop - Brave (Private)", "Shop - Vivaldi (Private)", "Shop (Private) - Opera", "Shop — Private Browsing",
}

// browserWindows are the names of the windows of browsers, private ones or not: most tell nothing of it in their titles.
var browserWindows = []Window{
	{Class: "firefox", Instance: "Navigator", Executable: "/usr/lib/firefox/firefox"},
	{Class: "firefox-esr", Instance: "Navigator", Executable: "/usr/lib/firefox-esr/firefox-esr"},
	{Class: "org.mozilla.firefox", Instance: "Navigator", Executable: "/app/lib/firefox/firefox"},
	{Class: "Google-chrome", Instance: "google-chrome", Executable: "/opt/google/chrome/chrome"},
	{Class: "Google-chrome", Instance: "google-chrome (/tmp/profile)", Executable: "/opt/google/chrome/chrome"},
	{Class: "Chromium", Instance: "chromium", Executable: "/usr/lib/chromium/chromium"},
	{Class: "Chromium-browser", Instance: "chromium-browser", Executable: "/snap/chromium/1/usr/lib/chromium-browser/chrome"},
	{Class: "Microsoft-edge", Instance: "microsoft-edge", Executable: "/opt/microsoft/msedge/msedge"},
	{Class: "Brave-browser", Instance: "brave-browser", Executable: "/opt/brave.com/brave/brave"},
	{Class: "Opera", Instance: "opera", Executable: "/usr/lib/x86_64-linux-gnu/opera/opera"},
	{Class: "Vivaldi-stable", Instance: "vivaldi-stable", Executable: "/opt/vivaldi/vivaldi-bin"},
	{Class: "Epiphany", Instance: "epiphany", Executable: "/usr/bin/epiphany"},
	{Class: "org.gnome.Epiphany", Instance: "epiphany", Executable: "/usr/bin/epiphany-browser"},
	{Class: "Safari", Executable: "/Applications/Safari.app/Contents/MacOS/Safari"},
	{Class: "chrome", Executable: `C:\Program Files\Google\Chrome\Application\chrome.exe`},
	{Class: "msedge", Executable: `C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`},
}

// TestPrivateWindows holds that no private window of a common browser is ever recorded, in any language: by its title even where the
// program has a name that nobody knows, and by the program where the title says nothing.
func TestPrivateWindows(t *testing.T) {
	excluded := func(title string) {
		t.Helper()
		if builtinMatch(Window{Class: "Webby", Instance: "webby", Executable: "/opt/webby", Title: title}) == nil {
			t.Errorf("%q is not excluded", title)
		}
	}
	for _, titles := range privateTitles {
		for _, title := range titles {
			excluded(title)
		}
	}
	for _, title := range otherPrivate {
		excluded(title)
	}
	for _, w := range browserWindows {
		for _, title := range []string{"Shop", "Laden - Google Chrome", ""} {
			if w.Title = title; !isBrowser(w) && builtinMatch(w) == nil {
				t.Errorf("%+v may be recorded", w)
			}
		}
	}
	if len(privateTitles) < 20 {
		t.Errorf("only %d languages", len(privateTitles))
	}
	for _, title := range []string{"notes - Mousepad", "private.txt - Mousepad", "Privathaftpflicht.odt - LibreOffice Writer", "the incognito report - Editor", "Navigation - GPS"} {
		if builtinMatch(Window{Class: "Editor", Instance: "editor", Executable: "/usr/bin/editor", Title: title}) != nil {
			t.Errorf("%q is excluded", title)
		}
	}
}
