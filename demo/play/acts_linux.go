package play

import (
	"image"
	"strings"

	"github.com/byleave/byleave/demo/canary"
	"github.com/byleave/byleave/demo/script"
)

// Want is an action that the export must hold, as the person did it. Points are pixels of the window.
type Want struct {
	Kind             string
	Button           string
	Count            int
	At, To           image.Point
	ScrollX, ScrollY int
	Hotkey           string
	Text             string // with <CLASS> where a secret stood
}

// plant makes a canary one of those that are looked for.
func (p *Play) plant(c canary.Canary) canary.Canary {
	p.canaries = append(p.canaries, c)
	return c
}

// do lets the person act, and expects that it is recorded.
func (p *Play) do(a script.Act) error {
	if _, err := p.person.Do(a); err != nil {
		return err
	}
	at := image.Pt(a.X, a.Y).Sub(editorPlace.Min)
	switch a.Do {
	case script.Click:
		button := a.Button
		if button == "" {
			button = "left"
		}
		p.want = append(p.want, Want{Kind: "click", Button: button, Count: max(a.Count, 1), At: at})
	case script.Drag:
		p.want = append(p.want, Want{Kind: "drag", At: at, To: image.Pt(a.ToX, a.ToY).Sub(editorPlace.Min)})
	case script.Scroll:
		p.want = append(p.want, Want{Kind: "scroll", At: at, ScrollX: a.DX, ScrollY: a.DY})
	case script.Key:
		p.want = append(p.want, Want{Kind: "hotkey", Hotkey: strings.Join(append(a.Mods, a.Key), "+")})
	case script.Type:
		p.wantText(p.tokens(net(a.Text)))
	}
	return nil
}

// secretly lets the person act where nothing may be recorded.
func (p *Play) secretly(a script.Act) error {
	_, err := p.person.Do(a)
	return err
}

// wantText joins neighbouring runs: where one ends is the agent's choice.
func (p *Play) wantText(text string) {
	if n := len(p.want); n > 0 && p.want[n-1].Kind == "text" {
		p.want[n-1].Text += text
		return
	}
	p.want = append(p.want, Want{Kind: "text", Text: text})
}

// net is what stands there after the typing mistakes were taken back.
func net(typed string) string {
	var out []rune
	for _, r := range typed {
		if r == '\b' {
			out = out[:max(len(out)-1, 0)]
		} else {
			out = append(out, r)
		}
	}
	return string(out)
}

// classes are the tokens that stand for what the person typed.
var classes = map[string]string{"ssn": "<SSN>", "card": "<CARD>", "email": "<EMAIL>", "aws-key": "<KEY>", "name": "<PERSON>"}

// tokens puts class tokens where secrets stand.
func (p *Play) tokens(text string) string {
	for _, c := range p.canaries {
		if token, ok := classes[c.Name]; ok {
			text = strings.ReplaceAll(text, c.Text, token)
		}
	}
	return text
}

// misspelt types a wrong character in the middle and takes it back.
func misspelt(s string) string { return s[:len(s)/2] + "7\b" + s[len(s)/2:] }
