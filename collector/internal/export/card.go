package export

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/byleave/byleave/policy"
)

// cardName is the card of the data set: people read it, and its head tells Hugging Face's datasets the type of every field. Without it the
// first file would decide, and no export loads whose second file has a step of another kind.
const cardName = "README.md"

// card writes the card.
func (w *writer) card() error {
	var b strings.Builder
	format := w.state.Query.Format
	fmt.Fprintf(&b, "---\npretty_name: Byleave export\nlicense: other\nlicense_name: consent-bound\n"+
		"configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: %s/*.%s\ndataset_info:\n  config_name: default\n  features:\n", format.data(), format.end())
	format.features(&b)
	fmt.Fprintf(&b, `---
# Export %s
Steps of %s: %s, %s, %s, %s. What each field means stands in %s under "fields", with a hash of every file.
Load it by its folder: `+"`datasets.load_dataset(\"FOLDER\")`"+`; %s.

- **Consent.** People agreed to one purpose, %s, and to the policies whose SHA-256 is %s. Use the data for nothing else, give it
  to nobody whom those policies do not name, and do not try to find out who somebody is. A person can withdraw or erase at any time: export anew before
  you train anew, and delete this copy when the policy's time is over.
%s- **People.** Each number in "person" is one person%s. To split by person, split by that number. The numbers mean nothing in another export.
- **Time.** There is none but lengths: duration_ms and age_ms in tenths of a second, seconds of gaps. Steps stand in the order in which they were done.
- **Place.** Coordinates are pixels of the step's canvas, from its upper left corner, and the same from 0 to 1. A frame has the size of its own canvas.
  Add "x" and "y" of "screen" for pixels of the whole screen.
- **Text.** Values were redacted on the person's computer before they were stored: <CARD#1> stands for one, the same number for the same value within a
  session. Frames have text masked. Redaction misses some: tell the operator of what you find, and delete it.

%s`, w.m.Export, policy.Count(w.m.People, "person"), policy.Count(w.m.Actions, "action"), policy.Count(w.m.Gaps, "gap"), policy.Count(w.m.Tasks, "task"),
		policy.Count(w.m.Frames, "frame"), manifestName, format.tells(), w.m.Purpose, orNone(w.m.Policies), w.m.applications(), format.people(), w.m.Counts.table())
	return writeFile(filepath.Join(w.dir, cardName), []byte(b.String()))
}

// applications says what was left out on purpose, and what is counted then.
func (m Manifest) applications() string {
	if len(m.Applications) == 0 {
		return ""
	}
	return fmt.Sprintf(`- **Applications.** Only what was done in %s is here, of the people who did something there; gaps with the reason %s stand for the rest. All counts are of
  what is here. The collector released, and its ledger counts, boxes with all that people had agreed to.
`, strings.Join(m.Applications, ", "), elsewhere)
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "(none: the export is empty)"
	}
	return strings.Join(list, ", ")
}

// features writes what a row of the format has.
func (f Format) features(b *strings.Builder) {
	switch f {
	case JSONL:
		features(b, reflect.TypeFor[Step](), "  ")
	case Parquet:
		features(b, reflect.TypeFor[Step](), "  ")
		features(b, reflect.TypeFor[images](), "  ")
	case WebDataset:
		b.WriteString("  - name: json\n    struct:\n")
		features(b, reflect.TypeFor[Step](), "    ")
		b.WriteString("  - name: before.png\n    dtype: image\n  - name: after.png\n    dtype: image\n  - name: __key__\n    dtype: string\n  - name: __url__\n    dtype: string\n")
	}
}

// tells says where the pictures are.
func (f Format) tells() string {
	switch f {
	case Parquet:
		return "before_image and after_image are pictures"
	case WebDataset:
		return "before.png and after.png are pictures, json is the step"
	}
	return "paths of frames are below that folder"
}

func (f Format) people() string {
	if f == JSONL {
		return ", and so is each file of trajectories/"
	}
	return ""
}

// features writes the fields of a type as the head of a card has them.
func features(b *strings.Builder, t reflect.Type, indent string) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fmt.Fprintf(b, "%s- name: %s\n", indent, name)
		of, shape := f.Type, "struct"
		if of.Kind() == reflect.Slice {
			shape = "list"
		}
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of == reflect.TypeFor[picture]() {
			fmt.Fprintf(b, "%s  dtype: image\n", indent)
			continue
		}
		if of.Kind() == reflect.Struct {
			fmt.Fprintf(b, "%s  %s:\n", indent, shape)
			features(b, of, indent+"  ")
			continue
		}
		fmt.Fprintf(b, "%s  dtype: %s\n", indent, dtype(of.Kind()))
	}
}

// dtype is the name of a type there. Whole numbers are all alike, so that none is too large.
func dtype(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Float64:
		return "float64"
	}
	return "int64"
}
