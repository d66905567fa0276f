package redact

import (
	"strings"
	"testing"
)

// hides checks texts in which what must go stands between bars: nothing of it may be left, and what stands outside must be.
func hides(t *testing.T, texts []string) {
	t.Helper()
	for _, text := range texts {
		parts := strings.Split(text, "|")
		got := newRedactor(t).redact([]byte(strings.Join(parts, "")))
		for i, part := range parts {
			words := strings.FieldsFunc(part, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' })
			for _, w := range words {
				if len(w) > 1 && i%2 == 1 && strings.Contains(got, w) {
					t.Errorf("%q is left of %q: %q", w, text, got)
				}
			}
			if i%2 == 0 && !strings.Contains(got, part) {
				t.Errorf("%q is gone from %q: %q", part, text, got)
			}
		}
	}
}

// TestScripts holds what is found in scripts without capitals, by who wrote them: labels, titles, family names, parts of addresses.
func TestScripts(t *testing.T) {
	hides(t, []string{
		// Korean
		"성명: |김도현|\n부서: 영업팀", "성    명: |박서윤|", "담당자: |기획팀 이준서 대리|", "안녕하세요, |최민아| 과장이 안내합니다.", "대표이사 |정우진| (|鄭宇鎭|)", "참석자: |한지우|, |오세린|, |문태오|",
		"회의: |강하늘|, |윤서진|, |임도윤| 참석", "|송지아|(|jia@example.com|)에게", "|노은우|님, 반갑습니다", "원  고  1. |서하린|", "작성자: |황보라|\n확인: |황보라|에게",
		"주소: |서울특별시 강남구 테헤란로 152, 강남빌딩 3층|", "배송은 |부산광역시 해운대구 우동 1234-5번지|", "생년월일: |1990년 3월 14일|", "여권번호: |M12345678|", "차량은 |12가 3456|입니다", "사번: |EMP-2024-0891|",
		// Chinese and Japanese
		"姓名：|王小明|", "联系人：|李晓红|", "请联系|陈志强|先生", "我叫|刘洋|，今年三十岁", "地址：|上海市浦东新区世纪大道100号|", "|寄到北京市朝阳区建国路88号|", "身份证号：|11010519491231002X|", "出生日期：|1988年6月2日|",
		"氏名：|佐藤 健一|", "担当：|高橋|", "|山田太郎|様", "|鈴木|さんに連絡", "お届け|先は東京都新宿区西新宿2-8-1|です", "住所：|大阪府大阪市北区梅田3-1-3|", "旅券番号：|TK1234567|", "生年月日：|1975年11月3日|",
		// Thai
		"คุณ|สมชาย ใจดี|", "นาย|ประเสริฐ ทองคำ| มาแล้ว", "ลูกค้า |มาลี แก้วใส| ร้องเรียน", "ผู้สมัคร |กานต์ ศรีสุข|", "ติดต่อ |ธนา รักไทย| ได้", "1. |ปิยะ แสงทอง| รหัส |66010021|",
		"ส่งที่ |12/3 หมู่ 4 ตำบลบางพลี อำเภอบางพลี จังหวัดสมุทรปราการ 10540|", "วันเกิด |14/02/2535|", "เกิดวันที่ |3 มีนาคม 2540|", "หนังสือเดินทางเลขที่ |AB1234567|", "ทะเบียนรถ |กข 1234|",
		"date of birth |22/04/2535|",
	})
}

// TestScriptsKept holds texts in these scripts that tell of nobody.
func TestScriptsKept(t *testing.T) {
	for _, text := range []string{
		"이메일, 연락처, 주소록을 입력하세요", "회의실 예약 안내", "담당자 현황\n처리 결과\n지급 내역", "고객님께서 요청하신 자료입니다", "서울 지하철 2호선", "2024년 3월 15일 회의", "정보 보호 교육을 진행합니다", "네트워크 설정 변경",
		"请联系客服人员", "先生们女士们", "今天是2024年6月2日", "中国共产党第二十次", "本市有100家商店", "医生说没问题", "お客様各位", "皆さん、こんにちは", "第2章 データベース", "市場価格は100円です", "東京は今日も晴れです",
		"ชื่อเสียงของบริษัท", "คุณภาพ สินค้าดี", "นายกรัฐมนตรี กล่าว", "ติดต่อ ฝ่ายขาย ได้ทุกวัน", "จังหวัดเชียงใหม่", "ให้ บริการ ลูกค้า",
	} {
		if got := newRedactor(t).redact([]byte(text)); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// TestInto holds that a place in a folded text is found from the one in the original, and back.
func TestInto(t *testing.T) {
	var f folded
	for _, text := range []string{"김철수 a", "ปู่ b ญี่ปุ่น", "ＡＢ straße", "a\u200bb", "é", ""} {
		f.fold([]byte(text))
		for i, r := range text {
			at := f.into(i)
			if at > len(f.text) || at < len(f.text) && f.from(at) < i && r != 0x200b && !invisible(r) {
				t.Errorf("byte %d of %q is %d of %q", i, text, at, f.text)
			}
		}
		if got := f.into(len(text)); got != len(f.text) {
			t.Errorf("the end of %q is %d of %d", text, got, len(f.text))
		}
	}
}

// TestPlacesAndPapers holds streets, names and documents as other authors write them.
func TestPlacesAndPapers(t *testing.T) {
	hides(t, []string{
		"|Rosenthaler Straße 1\n10119 Berlin|", "|Kasvu 15|\n|10613 Tallinn|", "|улица Ленина, 20|", "|Гороховая улица, 23|", "wohnt |12, rue de la Glacière|", "I live at |Amir Temur street 66| there", "|Ģertrūdes iela 81|", "|444 South 5th St|",
		"|mr. martin| is here", "this is |mrs. oduya quenneville| speaking", "|AAA123456| es mi número de pasaporte", "|C3590543| is my passport number", "seria i nr paszport nr |GN 6180540|", "dowód osobisty seria i nr |PNE 966113|",
		"ask |010594Y9021| about it", "ask |15070649C103| about it", "ask |1EG4-TE5-MK73| about it", "nr rejestracyjny |PG 1234H|",
	})
	for _, text := range []string{"Page 12\n300 Items left", "Version 3\n2024 Review done", "the col. width is set", "etc. and so on", "ask 010594Y9022 about it", "build 15079949C103 done", "part 1EG4-TE5-MKX3 of it", "meet 3 5th graders"} {
		if got := newRedactor(t).redact([]byte(text)); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}
