package export

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// Columns are made from the types of a step by the names that they have in JSON, so that no field is forgotten. What JSON leaves out is null; whole numbers are
// all alike, as in the card. Every node may be null: that is what Arrow, and with it datasets, expects of a type that it made itself.

var stepSchema = sync.OnceValue(func() *parquet.Schema {
	g := group{Group: parquet.Group{}}
	g.add(reflect.TypeFor[Step]())
	g.add(reflect.TypeFor[images]())
	return parquet.NewSchema("step", g)
})

// group is a parquet.Group whose fields stand in the order in which they were added, and not by name.
type group struct {
	parquet.Group
	names []string
}

func (g *group) add(t reflect.Type) {
	for f := range t.Fields() {
		name, _ := jsonName(f)
		g.Group[name] = node(f.Type)
		g.names = append(g.names, name)
	}
}

// Fields are the fields in order.
func (g group) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(g.names, a.Name()) - slices.Index(g.names, b.Name())
	})
	return fields
}

// node is a type as a column or a group of columns. Text is compressed, pictures are already.
func node(t reflect.Type) parquet.Node {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[[]byte]():
		return parquet.Optional(parquet.Encoded(parquet.Leaf(parquet.ByteArrayType), &parquet.Plain))
	case t.Kind() == reflect.Slice:
		return parquet.Optional(parquet.List(node(t.Elem())))
	case t.Kind() == reflect.Struct:
		g := group{Group: parquet.Group{}}
		g.add(t)
		return parquet.Optional(g)
	}
	leaf := parquet.Leaf(parquet.Int64Type)
	switch dtype(t.Kind()) {
	case "string":
		leaf = parquet.String()
	case "bool":
		leaf = parquet.Leaf(parquet.BooleanType)
	case "float64":
		leaf = parquet.Leaf(parquet.DoubleType)
	}
	return parquet.Optional(parquet.Compressed(parquet.Encoded(leaf, &parquet.Plain), &textCodec))
}

var textCodec zstd.Codec

// jsonName is the name of a field in JSON, and whether it is left out when it is empty.
func jsonName(f reflect.StructField) (name string, optional bool) {
	name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name, rest == "omitempty"
}

// rowOf takes values apart into columns, as Dremel does, and tells about how many bytes they are.
func rowOf(values ...reflect.Value) (parquet.Row, int64) {
	var t taker
	for _, v := range values {
		t.fields(v, true, level{})
	}
	return parquet.MakeRow(t.columns...), t.size
}

// level says where a value stands: which list around it goes on with it, how many of the nodes around it are there, and how many lists there are.
type level struct{ repeats, defined, lists int }

// taker fills columns. It walks through types, not values: each column gets at least a null.
type taker struct {
	columns [][]parquet.Value
	at      int // the next column
	size    int64
}

func (t *taker) fields(v reflect.Value, there bool, l level) {
	for i := range v.NumField() {
		_, optional := jsonName(v.Type().Field(i))
		t.take(v.Field(i), there && !(optional && v.Field(i).IsZero()), l)
	}
}

func (t *taker) take(v reflect.Value, there bool, l level) {
	if there {
		l.defined++
	}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v = reflect.Zero(v.Type().Elem())
		} else {
			v = v.Elem()
		}
	}
	switch {
	case v.Kind() == reflect.Struct:
		t.fields(v, there, l)
	case v.Kind() == reflect.Slice && v.Type() != reflect.TypeFor[[]byte]():
		t.list(v, there, l)
	default:
		t.leaf(v, there, l)
	}
}

func (t *taker) list(v reflect.Value, there bool, l level) {
	first := t.at
	if !there || v.Len() == 0 {
		t.take(reflect.Zero(v.Type().Elem()), false, l)
		return
	}
	l.lists++
	l.defined++
	for i := range v.Len() {
		if t.at = first; i > 0 {
			l.repeats = l.lists
		}
		t.take(v.Index(i), true, l)
	}
}

func (t *taker) leaf(v reflect.Value, there bool, l level) {
	if t.at == len(t.columns) {
		t.columns = append(t.columns, nil)
	}
	t.columns[t.at] = append(t.columns[t.at], t.value(v, there).Level(l.repeats, l.defined, t.at))
	t.at++
}

func (t *taker) value(v reflect.Value, there bool) parquet.Value {
	if !there {
		return parquet.NullValue()
	}
	t.size += 8
	switch dtype(v.Kind()) {
	case "string":
		t.size += int64(v.Len())
		return parquet.ByteArrayValue([]byte(v.String()))
	case "bool":
		return parquet.BooleanValue(v.Bool())
	case "float64":
		return parquet.DoubleValue(v.Float())
	}
	switch {
	case v.Kind() == reflect.Slice:
		t.size += int64(v.Len())
		return parquet.ByteArrayValue(v.Bytes())
	case v.CanUint():
		return parquet.Int64Value(int64(v.Uint()))
	}
	return parquet.Int64Value(v.Int())
}
