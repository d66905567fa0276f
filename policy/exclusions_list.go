package policy

import "slices"

// entry is one built-in exclusion as it is written down: a class or an executable or a pattern of the title.
type entry struct {
	name, class, executable, title string
	browser                        bool
}

// builtin is the list that no policy can shorten. Consents pin its digest: entries may be added at the end, none may be
// changed, moved or taken out (a test holds this), else every consent given so far stops.
var builtin = slices.Concat(
	programs("the agent's own windows", "byleave", "byleave-collector", "byleave-installer"),
	programs("a password manager",
		"keepass", "keepass2", "keepassx", "keepassxc", "keepassxc-proxy", "1password", "bitwarden", "lastpass",
		"dashlane", "enpass", "nordpass", "roboform", "proton pass", "protonpass", "proton-pass", "keeper",
		"keeperpasswordmanager", "buttercup", "padloc", "pwsafe", "passwordsafe", "password-gorilla", "qtpass", "revelation",
		"gnome-secrets", "secrets", "org.gnome.world.secrets", "gnome-passwordsafe", "org.gnome.passwordsafe",
		"seahorse", "org.gnome.seahorse.application", "kwalletmanager", "kwalletmanager5", "kwalletd5", "kwalletd6",
		"ksecretd", "gnome-keyring-manager", "keychain access", "passwords", "authy", "authy desktop", "otpclient",
		"org.gnome.authenticator", "com.belmoussaoui.authenticator", "numberstation", "bitwarden-desktop", "goldwarden",
		"rbw-agent", "myki", "zoho vault", "spectre", "strongbox", "macpass", "kaspersky password manager", "sticky password"),
	programs("a prompt for a secret",
		"pinentry", "pinentry-gtk", "pinentry-gtk-2", "pinentry-gnome3", "pinentry-qt", "pinentry-qt4", "pinentry-qt5",
		"pinentry-qt6", "pinentry-x11", "pinentry-fltk", "pinentry-efl", "pinentry-tqt", "pinentry-mac", "pinentry-rofi",
		"zenity", "yad", "kdialog", "xdialog", "gxmessage", "qarma", "matedialog",
		"gcr-prompter", "gcr-viewer", "gnome-keyring-prompt", "gnome-keyring-ask",
		"ssh-askpass", "x11-ssh-askpass", "gnome-ssh-askpass", "gnome-ssh-askpass2", "gnome-ssh-askpass3",
		"ssh-askpass-gnome", "ksshaskpass", "ssh-askpass-fullscreen", "lxqt-openssh-askpass", "razor-ssh-askpass",
		"git-gui--askpass", "polkit-gnome-authentication-agent-1", "polkit-kde-authentication-agent-1",
		"polkit-mate-authentication-agent-1", "polkit-mate", "polkit-agent-helper-1", "lxpolkit", "lxqt-policykit-agent", "xfce-polkit",
		"ukui-polkit", "dde-polkit-agent", "cinnamon-polkit", "hyprpolkitagent", "gksu", "gksudo", "kdesu", "kdesudo",
		"lxqt-sudo", "lxsudo", "tdesu", "nm-connection-editor", "nm-applet", "blueman-authenticate",
		"credentialuibroker", "consent", "securityagent", "winlogon"),
	titles("a prompt for a secret",
		`^(type|enter) (your )?pass(word|phrase|code)`, `^authentication (is )?(required|needed)`, `^authenticate$`,
		`^(unlock|enter).*\b(keyring|wallet|key ?chain)\b`, `^passwor[dt]\s*:?$`, `^\[sudo\]`),
	programs("a lock screen",
		"gdm", "gdm3", "lightdm", "lightdm-gtk-greeter", "sddm", "sddm-greeter", "slick-greeter", "unity-greeter", "xdm",
		"xscreensaver", "xscreensaver-auth", "xscreensaver-gfx", "gnome-screensaver", "gnome-screensaver-dialog",
		"mate-screensaver", "mate-screensaver-dialog", "cinnamon-screensaver", "cinnamon-screensaver-dialog",
		"xfce4-screensaver", "xfce4-screensaver-dialog", "ukui-screensaver-dialog", "kscreenlocker", "kscreenlocker_greet", "light-locker",
		"i3lock", "i3lock-fancy", "betterlockscreen", "slock", "xlock", "xtrlock", "vlock", "physlock", "xsecurelock",
		"auth_x11", "swaylock", "hyprlock", "gtklock", "waylock", "lockapp", "logonui", "loginwindow", "screensaverengine"),
	titles("a private browsing window",
		`\b(in)?private (browsing|window|mode)\)?$`, `[-–—(\[] ?(in)?private\)?\]?$`, `\binprivate\b.*edge`, `\bincognito\)?$`,
		`\((incognito|inkognito|inkognit.|incógnito|navegación privada|navigation privée|anônima|anonymous)\)`,
		`navigation priv[ée]e|(mode priv[ée]|priv[ée])\)?$`,
		`(privater modus|privates? (surfen|fenster|browsen)|inkognitomodus|inkognito)\)?$`,
		`(navegaci[óo]n privada|modo inc[óo]gnito|inc[óo]gnito|ventana privada)\)?$`,
		`(navega[çc][ãa]o (privativa|privada|an[ôo]nima)|janela (privativa|an[ôo]nima)|an[ôo]nima)\)?$`,
		`(navigazione (anonima|privata|in incognito)|finestra anonima|in incognito)\)?$`,
		`(privénavigatie|privévenster|privé-?modus|privébrowsen)\)?$`,
		`(privat (surfning|browsing|nettlesing|vindue|vindu|fönster)|inkognitoläge|yksityinen selaus|yksityinen selaustila|incognito-tila)\)?$`,
		`(tryb (prywatny|incognito)|przeglądanie prywatne|prywatne)\)?$`,
		`(приватный (просмотр|режим)|приватне вікно|приватний перегляд|режим инкогнито|инкогнито|приватное окно)\)?$`,
		`(anonymní (prohlížení|režim|okno)|soukromé prohlížení|privátne prehliadanie|inkognitó( mód)?|privát böngészés)\)?$`,
		`(gizli (gezinti|pencere|mod)|navigare privată|ιδιωτική περιήγηση|ανώνυμη περιήγηση)\)?$`,
		`(プライベート(ブラウジング|ウィンドウ|モード)?|シークレット(モード|ウィンドウ)?|隐私(浏览|窗口|模式)|隐身(模式|窗口)?|無痕(式視窗|模式|視窗)?|無痕瀏覽|私密(瀏覽|视窗|窗口)|无痕(模式|窗口|浏览)?|시크릿( 모드| 창)?|사생활 보호 모드|inprivate)\)?$`,
		`(گشت‌?زنی خصوصی|التصفح (الخاص|المتخفي)|التصفح المتخفّي|وضع التصفح المتخفي|גלישה (פרטית|בסתר)|निजी ब्राउज़िंग|गुप्त|การท่องเว็บแบบส่วนตัว|duyệt web riêng tư|ẩn danh|penjelajahan pribadi|samaran)\)?$`),
	browsers(
		"firefox", "firefox-esr", "firefox-bin", "firefox-default", "firefox-beta", "firefox-nightly", "firefoxdeveloperedition", "firefox-developer-edition",
		"firefox developer edition", "nightly", "org.mozilla.firefox", "librewolf", "librewolf-default", "waterfox", "palemoon", "pale moon", "basilisk", "seamonkey",
		"icecat", "iceweasel", "iceape", "abrowser", "floorp", "zen", "zen-browser", "zen-alpha", "zen-beta", "mercury-browser", "mullvad browser", "mullvadbrowser", "tor browser",
		"torbrowser", "start-tor-browser", "navigator", "google-chrome", "google-chrome-stable", "google-chrome-beta", "google-chrome-unstable", "google-chrome-canary",
		"google chrome", "chrome", "chromium", "chromium-browser", "chromium-freeworld", "ungoogled-chromium", "org.chromium.chromium", "thorium-browser", "thorium", "cromite",
		"iridium", "iridium-browser", "brave", "brave-browser", "brave-browser-beta", "brave-browser-nightly", "brave browser", "microsoft-edge", "microsoft-edge-stable", "microsoft-edge-beta", "microsoft-edge-dev",
		"microsoft edge", "msedge", "msedgewebview2", "iexplore", "opera", "opera-stable", "opera-beta", "opera-developer", "opera-gx", "vivaldi", "vivaldi-stable",
		"vivaldi-snapshot", "vivaldi-bin", "yandex-browser", "yandex_browser", "yandex-browser-beta", "browser", "slimjet", "flashpeak-slimjet", "coccoc", "naver-whale", "naver-whale-stable", "whale", "maxthon", "ucbrowser", "360se", "qqbrowser", "sogouexplorer", "epiphany",
		"epiphany-browser", "org.gnome.epiphany", "gnome web", "konqueror", "org.kde.konqueror", "falkon", "org.kde.falkon", "angelfish", "org.kde.angelfish", "rekonq", "qupzilla", "qutebrowser",
		"org.qutebrowser.qutebrowser", "midori", "dooble", "otter-browser", "dillo", "netsurf", "netsurf-gtk", "netsurf-gtk3", "surf", "surf-browser", "luakit", "nyxt", "badwolf", "vimb", "uzbl", "uzbl-core", "eolie",
		"ephemeral", "io.elementary.web", "min", "beaker browser", "ladybird", "servo", "servoshell", "links2", "xlinks2", "safari", "safari technology preview", "arc", "orion", "duckduckgo", "duckduckgo privacy browser", "comet", "dia", "helium", "tangram", "ferdium"),
	titles("a private browsing window", // as Firefox words it since 2022, and others
		`(navegación privada de|navigation privée de|anonymní prohlížení|приватный просмотр|приватний перегляд|прыватнае агляданне|pori preifat|brabhsadh prìobhaideach|priwatny modus)( [-–—])? (mozilla )?firefox`,
		`(privātā pārlūkošana|privatno pregledanje|การเรียกดูแบบส่วนตัว|прыватнае агляданне|navigazion privade|navigation private|приватний перегляд|プライベート ?ブラウジング|pori preifat|brabhsadh prìobhaideach|priwatny modus)\)?$`,
		`（(シークレット|プライベート|隐身|隐私|無痕|无痕|私密)[^）]*）$`,
		`\(private\) [-–—] (opera|vivaldi|brave)`),
)

// programs excludes a program under each name, whether the window's class or its executable has it.
func programs(name string, words ...string) []entry {
	var out []entry
	for _, w := range words {
		out = append(out, entry{name: name, class: w}, entry{name: name, executable: w})
	}
	return out
}

func titles(name string, patterns ...string) []entry {
	var out []entry
	for _, p := range patterns {
		out = append(out, entry{name: name, title: p})
	}
	return out
}

func browsers(words ...string) []entry {
	out := programs("a browser", words...)
	for i := range out {
		out[i].browser = true
	}
	return out
}
