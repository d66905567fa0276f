package script

import (
	"context"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
)

// build makes the person's program; it is the only one that needs cgo.
func build(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "byleave-person")
	cmd := exec.Command("go", "build", "-o", out, "../person")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, b)
	}
	return out
}

type scene struct {
	d      *desktop.Desktop
	person *Person
	editor desktop.Window
	file   string
	area   image.Rectangle
}

func play(t *testing.T) (scene, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	d, err := desktop.Start(ctx, desktop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	prog, err := d.Install(build(t))
	if err != nil {
		t.Fatal(err)
	}
	s := scene{d: d, file: filepath.Join(d.Home(), "notes.txt")}
	if err := os.WriteFile(s.file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Own(s.file); err != nil {
		t.Fatal(err)
	}
	p, err := d.Start("mousepad", "mousepad", "--disable-server", s.file)
	if err != nil {
		t.Fatal(err)
	}
	if s.editor, err = d.WaitWindow(ctx, "mousepad", desktop.OfProcess(p.Pid)); err != nil {
		t.Fatal(err)
	}
	s.area = image.Rect(200, 150, 1000, 750)
	if err := d.Place(ctx, s.editor.ID, s.area); err != nil {
		t.Fatal(err)
	}
	if err := d.Focus(ctx, s.editor.ID); err != nil {
		t.Fatal(err)
	}
	if s.person, err = Start(ctx, d, prog, 7); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.person.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, ctx
}

func (s scene) do(t *testing.T, a Act) Done {
	t.Helper()
	d, err := s.person.Do(a)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (s scene) saved(ctx context.Context, t *testing.T, want string) {
	t.Helper()
	var got string
	var next time.Time
	err := desktop.Until(ctx, "the saved text", func() bool {
		if now := time.Now(); now.After(next) { // a busy editor is asked again
			s.do(t, Act{Do: Key, Key: "s", Mods: []string{"ctrl"}})
			next = now.Add(10 * time.Second)
		}
		b, err := os.ReadFile(s.file)
		got = string(b)
		return err == nil && got == want
	})
	if err != nil {
		t.Fatalf("%v: got %q, want %q", err, got, want)
	}
}

func TestWhatThePersonTypesStandsInTheFile(t *testing.T) {
	s, ctx := play(t)
	s.do(t, Act{Do: Click, X: 500, Y: 400})
	s.do(t, Act{Do: Type, Text: "Hex\b\bello ~!@#$%^&*()_+{}|:\"<>? `-=[]\\;',./ caf\u00e9\n"})
	s.saved(ctx, t, "Hello ~!@#$%^&*()_+{}|:\"<>? `-=[]\\;',./ caf\u00e9\n")
}

func TestThePersonFindsMenusAndChooses(t *testing.T) {
	s, ctx := play(t)
	s.do(t, Act{Do: Click, X: 500, Y: 400})
	s.do(t, Act{Do: Type, Text: "all of this goes"})
	s.saved(ctx, t, "all of this goes")
	menu := s.do(t, Act{Do: Look, App: "mousepad", Role: "menu", Name: "Edit"})
	if p := image.Pt(menu.X, menu.Y); !p.In(s.area) {
		t.Fatalf("menu Edit lies at %v, outside the window %v", p, s.area)
	}
	s.do(t, Act{Do: Click, X: menu.X, Y: menu.Y})
	item := s.do(t, Act{Do: Look, App: "mousepad", Role: "menu item", Name: "Select All"})
	s.do(t, Act{Do: Click, X: item.X, Y: item.Y})
	s.do(t, Act{Do: Type, Text: "new"})
	s.saved(ctx, t, "new")
}

func TestADragSelectsAndADoubleClickTakesAWord(t *testing.T) {
	s, ctx := play(t)
	s.do(t, Act{Do: Click, X: 500, Y: 400})
	s.do(t, Act{Do: Type, Text: "first second"})
	text := s.do(t, Act{Do: Look, App: "mousepad", Role: "menu", Name: "File"})
	line := text.Y + 24 // the first line lies below the menu bar
	s.do(t, Act{Do: Click, X: s.area.Min.X + 30, Y: line, Count: 2})
	s.do(t, Act{Do: Type, Text: "1"})
	s.saved(ctx, t, "1 second")
	s.do(t, Act{Do: Drag, X: s.area.Max.X - 100, Y: line, ToX: s.area.Min.X + 2, ToY: line})
	s.do(t, Act{Do: Type, Text: "2"})
	s.saved(ctx, t, "2")
}

func TestAnActThatFailsIsSaidSo(t *testing.T) {
	s, _ := play(t)
	if _, err := s.person.Do(Act{Do: "fly"}); err == nil {
		t.Error("an unknown act: got no error")
	}
	if _, err := s.person.Do(Act{Do: Type, Text: "\U0001F600"}); err == nil {
		t.Error("a character beyond the BMP: got no error, robotgo loses it silently")
	}
	s.do(t, Act{Do: Scroll, X: 500, Y: 400, DY: 2})
}
