package redact

import "strings"

// labelKind says what stands behind a label that is written in one of the scripts, or before it.
type labelKind uint8

const (
	nameLabel     labelKind = iota + 1 // a name, behind a mark
	roleLabel                          // a name, behind a space: "Lawyer Kim ..."
	calledLabel                        // a name, at once: "my name is ..."
	titleLabel                         // a name before it: "... -san"
	addressLabel                       // an address, behind a mark
	birthLabel                         // a day of birth
	documentLabel                      // the number of a document or an account
	plateLabel                         // the number of a vehicle
	personLabel                        // Thai: what somebody is, to the end of its word; their name behind a space
	towardLabel                        // Thai: a word to or by which something is done; a name behind a space
	honourLabel                        // Thai: Mr and Ms, before a name
)

// scriptLabels are the labels by kind, with a slash between them.
var scriptLabels = [...]struct {
	kind  labelKind
	words string
}{
	{nameLabel, "성명/이름/성함/담당자/담당/담당자명/작성자/작성자명/신청인/신청자/신고인/예금주/상담원/상담사/보호자/보호자명/강사명/강사/요청자/수신자/발신자/수취인/수령인/받는분/보내는분/받는사람/보내는사람/고객명/환자명/대표자/계약자/피보험자/직원명/사원명/학생명/담임교사/담임/연락책임자/책임자/배송기사/서명/위임인/수임인/임차인/임대인/매도인/매수인/참석자/수신/발신/참조/작성/보고자/검토자/승인자/회원명/입금자/입금자명/본인/대리인/가입자/소유자/명의자/세대주/비상연락처성명/영업담당" +
		"/姓名/名字/名称人/联系人/聯絡人/联络人/收件人/收货人/寄件人/发件人/申请人/申請人/客户/客户姓名/患者/患者姓名/病人/病人姓名/持卡人/户名/经办人/负责人/作者/学生姓名/家长姓名/投保人/被保险人/受益人/法定代表人/紧急联系人" +
		"/氏名/お名前/名前/御氏名/担当者/担当/ご担当者/宛名/宛先/送付先/患者名/患者氏名/申込者/申請者/契約者/保護者/代表者/受取人/差出人/連絡先氏名/名義人/口座名義/会員名/顧客名/お客様名/フリガナ/ふりがな/記入者/作成者/承認者/緊急連絡先氏名"},
	{roleLabel, "대표이사/사내이사/사외이사/감사/변호사/담당변호사/의장/이사장/원고/피고/피고인/고소인/피해자/신고인/신청인/담당자/작성자/상담원/상담사/강사/고객/환자/교수/박사/기자/의사/간호사/연구원/대표/소장/원장/센터장/팀장/과장/부장/차장/대리/매니저/담임/보호자/석사과정/박사과정/관리자/프로젝트매니저/배우자/남편/아내/남편분/아내분/회장/사장/본인을"},
	{calledLabel, "我叫/我的名字是/名叫/本人叫/我叫做"},
	{titleLabel, "先生/女士/小姐/老师/老師/教授/经理/經理/医生/醫生/同学/律师/主任/総理/さん/様/さま/氏/くん/ちゃん/殿/部長/課長/社長/係長/専務/会長/先輩"},
	{addressLabel, "주소/소재지/전입지/전출지/배송지/거주지/근무지/등록기준지/본적/자택주소/배송주소/현주소/도로명주소/地址/住址/家庭住址/联系地址/收货地址/通讯地址/寄送地址/户籍地址/现住址/住所/現住所/ご住所/送付先住所/所在地/本籍"},
	{birthLabel, "생년월일/출생일/출생/생일/生年月日/誕生日/出生日期/出生年月/生日/出生/วันเกิด/เกิดวันที่/เกิดเมื่อวันที่/ปีเกิด/เกิดเมื่อ/เกิด"},
	{documentLabel, "여권번호/여권/면허번호/운전면허번호/운전면허/사원번호/사번/학번/군번/등록번호/외국인등록번호/주민등록번호/주민번호/환자번호/보험증번호/건강보험증번호/증권번호/회원번호/계좌번호/비자번호/수험번호/护照号/护照号码/護照號碼/身份证号/身份证号码/身份證字號/驾驶证号/学号/工号/病历号/社保号/银行卡号/账号/帳號/旅券番号/パスポート番号/免許証番号/運転免許証番号/マイナンバー/個人番号/社員番号/学籍番号/口座番号/会員番号/保険証番号/診察券番号/在留カード番号" +
		"/หนังสือเดินทาง/หนังสือเดินทางเลขที่/เลขที่เล่มเดิม/พาสปอร์ต/รหัส/รหัสนักศึกษา/รหัสประจำตัว/รหัสพนักงาน/เลขบัตร/เลขประจำตัว/เลขที่บัญชี/ใบขับขี่เลขที่/เลขผู้ป่วย"},
	{plateLabel, "차량번호/번호판/车牌号/车牌/車牌/ナンバー/ทะเบียน/ทะเบียนรถ/เลขทะเบียน/ป้ายทะเบียน"},
	{personLabel, "ผู้/ลูกค้า/พนักงาน/แพทย์/อาจารย์/นักศึกษา/นักเรียน/มารดา/บิดา/บุตร/สามี/ภรรยา/เจ้าของ/หัวหน้า/เจ้าหน้าที่/พยาบาล/ทนาย/กรรมการ/ประธาน/ครู/พยาน/โจทก์/จำเลย"},
	{towardLabel, "ชื่อ/นามสกุล/ชื่อนามสกุล/ชื่อสกุล/เรียน/ถึง/โดย/ติดต่อ/ให้/จาก/ไปยัง/รับรองว่า/คือ/ประกอบด้วย/ลงชื่อ/โอนเงินมาที่/ร่วมกับ/และ/พร้อมด้วย"},
	{honourLabel, "นาย/นางสาว/นาง/น.ส./นส./ด.ช./ด.ญ./เด็กชาย/เด็กหญิง/คุณ/ดร./พ.ต.อ./พ.ต.ท./ร.ต.อ./นพ./พญ./ผศ./รศ."},
}

// scriptLabel is a label that begins with a character by which it is listed.
type scriptLabel struct {
	rest []rune
	kind labelKind
}

// labelsBy are the labels by their first character, the longest first.
var labelsBy = func() map[rune][]scriptLabel {
	by := map[rune][]scriptLabel{}
	for _, l := range scriptLabels {
		for w := range strings.SplitSeq(l.words, "/") {
			r := []rune(w)
			list, i := by[r[0]], 0
			for i < len(list) && len(list[i].rest) >= len(r)-1 {
				i++
			}
			by[r[0]] = append(list[:i:i], append([]scriptLabel{{r[1:], l.kind}}, list[i:]...)...)
		}
	}
	return by
}()

// label is the kind of the label that begins with character i of a line, and where it ends; 0 if there is none. In forms spaces may stand between
// its characters.
func (c *scripts) label(i int) (labelKind, int) {
	for _, l := range labelsBy[c.line[i].r] {
		j, spaced := i+1, false
		for _, r := range l.rest {
			if k := c.skip(j); k > j && !isThai(r) {
				spaced, j = true, k
			}
			if c.g(j) != r {
				j = -1
				break
			}
			j++
		}
		switch {
		case j < 0, spaced && !c.marked(c.skip(j)) && !(l.kind == roleLabel && isFigure(c.g(c.skip(j))) && c.g(c.skip(j)+1) == '.'):
			continue
		case l.kind == nameLabel && !c.marked(c.behind(j)):
			continue // another list may have it as what somebody is
		case l.kind != titleLabel && isHangul(c.line[i].r) && isHangul(c.g(i-1)) && !c.marked(c.behind(j)):
			continue
		}
		return l.kind, j
	}
	return 0, 0
}

// marked tells of what stands between a label and its value.
func (c *scripts) marked(i int) bool {
	switch c.g(i) {
	case ':', '=', '|', '\t', '】', ']':
		return true
	}
	return false
}

// behind is where the mark stands that follows a label: over what brackets say of it, and spaces.
func (c *scripts) behind(j int) int {
	j = c.skip(j)
	if c.g(j) == '(' {
		for k := j + 1; k < j+14 && c.g(k) != 0; k++ {
			if c.g(k) == ')' {
				return c.skip(k + 1)
			}
		}
	}
	return j
}

func runesOf(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

func setOfRunes(s string) map[rune]bool {
	m := map[rune]bool{}
	for _, r := range s {
		m[r] = true
	}
	return m
}

var (
	hangulFamily  = setOfRunes("김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구나민진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용")
	hangulFamily2 = runesOf("남궁 황보 제갈 사공 선우 서문 독고 동방")
	// hangulTitles stand behind a name; what follows them may be more of the word.
	hangulTitles = strings.Fields("씨 님 군 양 과장 대리 부장 차장 팀장 사원 주임 선임 책임 수석 이사 상무 전무 대표 사장 회장 실장 본부장 센터장 원장 교수 선생 학생 고객 변호사 의사 간호사 기자 작가 감독 선수 의원 장관 판사 검사 형사 경위 경사 순경 박사 코치 매니저 디자이너 컨설턴트 연구원 선배 후배 PM 팀원 반장 소장 국장 지점장 조교 강사 사무관 주무관 환자 회원")
	// hangulEnds are syllables with which a word goes on behind a name.
	hangulEnds = strings.Fields("입니다 이라고 이라는 라고 에게 에게서 한테 께서 께 씨 님 이가 이는 이와 이를 이의 이 가 은 는 을 를 의 와 과 도 로 으로 만 까지 부터 이며 이고 인데 예요 이에요 이다 님께 입니")
	// hangulWords look like names, and are words of forms.
	hangulWords = runesOf("이메일 연락처 주소록 전화기 이사회 전화번호 주민번호 고객님 담당자 이용자 신청자 신청인 이용약 정보원 정상적 전체적 주식회 유한회 회의실 강의실 연구실 사무실 인사팀 개발팀 기획팀 영업팀 법무팀 홍보팀 재무팀 마케팅 하반기 상반기 주요일 유의점 유효기 조회수 지원금 지원서 신용카 신분증 여권번 이체일 이체확 지급일 원본은 진행중 진행률 기획서 제안서 보고서 계획서 계약서 안내문 신청서 확인서 증명서 명세서 양식은 문의처 장바구 성인용 전자책 전자우 현대적 한국어 한국인 한국은 국내외 서비스 차량은 공지사 소요시 여러분 하나은 우리은 국민은 기업은 노트북 주차장 공동주 전용면 위치정 정기적 주민등 원격지 구매자 배송지 거주지 전입지 전출지 소재지 임대인 임차인 남녀노 안녕히 방화벽 지역별 도로명 유지보 유선상 기본형 정회원 준회원 우편물 우체국 인터넷 인공지 반도체 제조사 제품명 모델명 명함은 표준형 기간은 성적표 이력서 자기소 전년도 금년도 금요일 구성원 구조적 구체적 민감한 민원인 민간인 진료비 진료과 진단서 지도부 지하철 유니폼 정규직 계약직 연봉제 선택적 소프트 석사과 박사과 오프라 온라인 하나로 신규인 서명란 성명란 명의자")

	hanFamily = setOfRunes("王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾肖田董袁潘蒋蔣蔡余杜叶葉程苏蘇魏吕呂丁任沈姚卢盧姜崔钟鍾谭譚陆陸汪范金石廖贾賈夏韦韋付方白邹鄒孟熊秦邱江尹薛闫段雷侯龙龍史陶黎贺賀顾顧毛郝龚龔邵万萬钱錢严嚴覃武戴莫孔向汤湯欧歐柳朴尤施洪文")
	// hanBefore are characters that stand before a name in a sentence.
	hanBefore = setOfRunes("的和与與及跟给給找请請叫是由向对對系了为為到在把被让讓问問")
	// hanNobody are what is written before "-san" and is no name.
	hanNobody = runesOf("客 皆 各 神 王 何 同 仕 多 有 模 一 両 店員 医者 看護師 運転手 奥 母 父 姉 兄 娘 息子 孫 嫁 婿 叔父 叔母 爺 婆 子供 子 業者 職人 学生 新入 相手 世帯 本 彼 患者 隣 先方 会社 利用者 担当者 お客 客様 親子 皆々 奥方 殿 貴 お母 お父 農家 大家 芸人 記者 議員")
)
