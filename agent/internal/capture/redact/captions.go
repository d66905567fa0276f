package redact

import (
	"strings"
	"sync"
)

// captions are words that programs write on their menus, buttons, dialogues and beside the fields of their forms. A line of such words
// alone tells nothing of a person. None of them is a name; TestCaptions holds that. They are hashed when the first frame is looked at.
var captions = sync.OnceValue(func() wordSet { return setOf(captionWords) })

const captionWords = `about accept accessibility accessories account actions activate active add additional address adjust administration advanced
 after align alignment all allow always and any appearance application applications apply arrange arrow as ascending ask attach attachment
 attachments audio auto autosave available back background backspace backup bar basic before below between bigger blank block bold
 bookmark bookmarks border borders both bottom bound box brightness browse browser brush bug build bullets button by cancel capitalize
 case cell cells center centre change changed changes character characters charset chart check checkbox choose circle clean clear click clipboard
 clone close closed code collapse color colors colour colours column columns command commands comment comments commit compact compare
 complete completed compose computer conditional configuration configure confirm connect connected connection console contact
 contacts content contents continue contrast control convert copy create created crop ctrl current cursor custom customise customize cut
 dark dashboard data database date day days debug decimal decrease default defaults delete deleted deselect description desktop detail details device
 devices dialog dialogue dictionary direction directory disable disabled disconnect discard disk display dock document documents done double
 down download downloads draft drafts draw drawing drive duplicate each edit editing editor effects element email empty enable enabled
 encoding encrypt end enter entire environment eraser error errors escape event events every exact example execute exit expand explorer export extension
 extensions extra favorites favourites feedback field fields file files fill filter filters find finish first fit fixed flag flip folder
 folders follow font fonts footer for format formatting formula forward free from full fullscreen function functions general get git go
 graph graphics grid group guide handle header headers heading headings height help hidden hide hide highlight history home horizontal
 hour hours icon icons if ignore image images import in inbox include increase indent indentation info information initialize input insert
 inspect install installed instance instant interface internet into invert invite is italic item items join jump justify keep key keyboard
 keys label labels landscape language languages large larger last later launch layer layers layout learn left length less level light line
 linebreak lines link links list lists load local location lock locked log logs look lower lowercase machine mail main maintain make manage manager manual
 margin margins master match maximise maximize maximum media medium meeting menu merge message messages minimise minimize minimum minute
 minutes mode modified module modules month more mouse move multiple music mute my name navigate navigation network never new next no none normal not
 note notebook notes notification notifications now number numbering object objects of off offline ok okay on once online only opacity open operation option
 optional options or order orientation original other others outline output over overview overwrite package packages page pages paint
 palette pane panel paragraph parent part password passwords paste path pattern pause pencil permanently permissions photo picture pictures pin
 place places plain play please plugin plugins point pointer portrait position post power preferences presentation preview previous print
 printer printing privacy private problem problems process processes profile profiles program programs project projects properties
 property protect provider public publish pull purge push quality question queue quick quit quote radio random range read readonly ready rebuild
 recent recently record recover rectangle redo reduce reference refresh region regular reject related release reload remember reminder
 remove rename reopen repeat replace replaced reply report request require required reset resize resolution resources restart restore
 result results resume retry return reverse reverse review revert right root rotate round row rows ruler rulers run running sample save saved scale scan
 schedule screen screens screenshot script scroll search searching second seconds section security see select selected selection send
 sent sentence separator server service services session set settings setup shadow shape shapes share shared sheet shell shift shortcut
 shortcuts show shown sidebar sign signature simple single size skip slide slides slideshow small smaller smart sort sorting sound
 source space spacing spam special spell spelling split standard start started state statistics status step stop storage store
 stretch strikethrough style styles subject submit subscript summary superscript support switch symbol symbols synchronise synchronize syntax system tab table
 tables tabs tag tags task tasks template templates terminal test text texture theme themes thickness thumbnail thumbnails time title
 titles to today toggle tomorrow tool toolbar toolbars tools tooltip top total track transform transparency transparent trash tree type
 unchanged undefined underline undo ungroup uninstall unknown unlock unread unsaved untitled up update updates upgrade upload uppercase use user username
 users utilities validate value values variable variables version versions vertical video view viewer views visible visit volume wallpaper
 warning warnings watch web website week weeks what where whole width window windows with without word words work workspace workspaces
 wrap write wrong year yes yesterday you your zoom
 bcc bic birth card cardholder cc city company country county customer cvc cvv district employer expires expiry fax gender holder iban invoice middle mobile
 nickname occupation passport phone postal postcode province quantity salutation signed social street subtotal surname tax telephone town zip`

// wordSet holds hashes of folded words.
type wordSet map[uint64]bool

func setOf(words string) wordSet {
	s := wordSet{}
	for w := range strings.FieldsSeq(words) {
		s[hashOf([]byte(w))] = true
	}
	return s
}
