#!/usr/bin/env python3
"""Writes the three demonstration exports beside this file; the same every time.

    python3 demo/generate.py

contoso.ldif is what slapcat writes, fabrikam.ldif what ldapsearch reads from Active Directory, and
tailspin.csv Entra's bulk-create template as a spreadsheet saves it. All people are invented; domains
end in .example, and telephone numbers are of the ranges kept for fiction where a country has some.
"""

import base64
import csv
import datetime
import io
import random
import unicodedata
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Names by culture: how full names are put together, given names, surnames (those that are the same
# for women and men). Where the script isn't Latin each name is "native|romanized".
NAMES = {
    "en": ("gs", "Olivia Amelia Isla Grace Freya Harry Oscar Leo Alfie Theo Siobhán Seán",
           "Fletcher Hughes O'Brien Whitaker Pemberton Ashworth Kerr MacLeod Nwosu Okafor Barlow Finch"),
    "de": ("gs", "Jörg Käthe Günther Björn Sören Anneliese Jürgen Heike Matthias Bärbel Uwe Renate Lukas Zoë",
           "Müller Schröder Groß Weiß Köhler Schäfer Bäcker Vogel Krüger Lindemann Strauß Höfer Jäger Özdemir"),
    "fr": ("gs", "Émilie François Hélène Benoît Chloé Jérôme Noémie Gaël Anaïs Théo Maëlle Rémi",
           "Lefèvre Béranger Gauthier Dûval L'Hôpital Moreau Pélissier Fournier Châtelain Rousseau Bœuf Maréchal"),
    "es": ("gs", "Íñigo Begoña Joaquín Sofía Martín Lucía Andrés Ximena Raúl Núria",
           "Muñoz Ibáñez Peña Gómez Núñez Zúñiga Cortés Yáñez Rincón Ordóñez"),
    "pt": ("gs", "João Conceição Tomás Inês Luís Sílvia Estêvão Graça Antônio Letícia",
           "Gonçalves Araújo Magalhães Simões Brandão Leitão Falcão Assunção Garção Queirós"),
    "pl": ("gs", "Łukasz Agnieszka Paweł Małgorzata Grażyna Wojciech Żaneta Bożena Michał Świętosława Kamil Zofia",
           "Wójcik Kowalczyk Błaszczyk Król Ślusarz Mróz Gołąb Jóźwiak Zając Kołodziej Świątek Wróbel"),
    "tr": ("gs", "Işıl Çağlar Gökçe Şebnem Ümit İpek Öykü Oğuz Tuğba Yiğit",
           "Yılmaz Çelik Şahin Öztürk Aydın Güneş Kılıç Doğan Işık Gündoğdu"),
    "nd": ("gs", "Åsa Bjørn Søren Håkan Þóra Jökull Maj-Britt Øyvind Päivi Kåre",
           "Ødegård Bjørnson Åkerström Sæther Blöndal Mäkinen Nygård Lønborg Sjöberg Hämäläinen"),
    "cs": ("gs", "Jiří Božena Ondřej Kateřina Řehoř Zdeňka Matěj Eliška Ľubica Štefan",
           "Krejčí Hořejší Dolejší Martinů Petrů Janů Jirků Matějů"),
    "vi": ("sg", "Đức Thị_Hương Quỳnh Minh_Châu Hải Thùy_Dương Tuấn Ngọc_Ánh Bảo Lệ",
           "Nguyễn Trần Lê Phạm Hoàng Võ Đặng Bùi Đỗ Ngô"),
    "el": ("gs", "Ελένη|Eleni Γιώργος|Giorgos Κατερίνα|Katerina Νίκος|Nikos Δήμητρα|Dimitra Σπύρος|Spyros Ιωάννα|Ioanna Θεόδωρος|Theodoros",
           "Οικονόμου|Oikonomou Γεωργίου|Georgiou Σωτηρίου|Sotiriou Παπαϊωάννου|Papaioannou Δημητρίου|Dimitriou Αντωνίου|Antoniou Χατζή|Chatzi"),
    "ru": ("gs", "Анна|Anna Дмитрий|Dmitrij Ольга|Olga Сергей|Sergej Екатерина|Ekaterina Пётр|Petr Наталья|Natalja Фёдор|Fedor",
           "Черных|Chernykh Седых|Sedykh Долгих|Dolgikh Жук|Zhuk Ткачук|Tkachuk Белоконь|Belokon Щур|Shchur"),
    "uk": ("gs", "Оксана|Oksana Тарас|Taras Ївга|Yivha Андрій|Andrii Соломія|Solomiia Євген|Yevhen Ґеорґій|Georgii",
           "Шевченко|Shevchenko Ковальчук|Kovalchuk Їжакевич|Yizhakevych Гриценко|Hrytsenko Бойко|Boiko Лисенко|Lysenko"),
    "ar": ("gs", "ليلى|Layla يوسف|Yusuf فاطمة|Fatima خالد|Khalid نور|Nour عمر|Omar سلمى|Salma طارق|Tariq",
           "الحسن|Alhassan المصري|Almasri حداد|Haddad الخطيب|Alkhatib منصور|Mansour القاسم|Alqasim"),
    "he": ("gs", "נועה|Noa איתן|Eitan תמר|Tamar יונתן|Yonatan שירה|Shira אורי|Uri מיכל|Michal",
           "כהן|Cohen לוי|Levi מזרחי|Mizrahi פרידמן|Friedman אברהמי|Avrahami ברק|Barak"),
    "ja": ("sg", "花|Hana 健太|Kenta 美咲|Misaki 大輔|Daisuke さくら|Sakura 翔|Sho 陽子|Yoko 直樹|Naoki",
           "田中|Tanaka 山本|Yamamoto 渡辺|Watanabe 小林|Kobayashi 髙橋|Takahashi 斎藤|Saito 井上|Inoue"),
    "zh": ("sg+", "伟|Wei 秀英|Xiuying 娜|Na 建国|Jianguo 静|Jing 丽华|Lihua 浩然|Haoran 子涵|Zihan",
           "王|Wang 李|Li 张|Zhang 刘|Liu 陈|Chen 杨|Yang 欧阳|Ouyang"),
    "ko": ("sg+", "서연|Seoyeon 민준|Minjun 지우|Jiwoo 현우|Hyunwoo 수빈|Subin 도윤|Doyun 은지|Eunji",
           "김|Kim 이|Yi 박|Park 최|Choi 정|Jung 강|Kang 조|Cho"),
    "hi": ("gs", "अनन्या|Ananya राजेश|Rajesh प्रिया|Priya विक्रम|Vikram कविता|Kavita अर्जुन|Arjun मीरा|Meera सुनील|Sunil",
           "शर्मा|Sharma वर्मा|Varma गुप्ता|Gupta मिश्रा|Mishra चौहान|Chauhan त्रिपाठी|Tripathi"),
    "th": ("gs", "สมชาย|Somchai มาลี|Malee ณัฐพล|Nattapon พิมพ์|Pim อรุณ|Arun", "ศรีสุข|Srisuk ใจดี|Jaidee วงศ์ใหญ่|Wongyai ทองคำ|Thongkham"),
}

# What Unicode doesn't take apart.
LETTERS = str.maketrans({"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i",
                         "æ": "ae", "œ": "oe", "Þ": "Th", "ð": "d", "ä": "ae", "ö": "oe", "ü": "ue",
                         "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})

DEPARTMENTS = [  # name, share, titles from the top down
    ("Engineering", 24, ["Chief Engineer", "Engineering Team Lead", "Senior Engineer", "Engineer", "Test Engineer"]),
    ("Production", 18, ["Plant Manager", "Shift Supervisor", "Process Specialist", "Technician", "Quality Inspector"]),
    ("Sales", 16, ["Sales Director", "Regional Sales Manager", "Key Account Manager", "Account Executive", "Sales Assistant"]),
    ("Research", 10, ["Head of Research", "Principal Scientist", "Senior Scientist", "Scientist", "Laboratory Assistant"]),
    ("Customer Service", 10, ["Head of Customer Service", "Service Team Lead", "Service Specialist", "Support Agent", "Support Agent"]),
    ("Finance", 8, ["Chief Financial Officer", "Controlling Lead", "Senior Controller", "Accountant", "Payroll Clerk"]),
    ("Information Technology", 8, ["Chief Information Officer", "Platform Lead", "Systems Engineer", "Administrator", "Help Desk Agent"]),
    ("Marketing", 6, ["Marketing Director", "Campaign Manager", "Designer", "Copywriter", "Marketing Assistant"]),
    ("Human Resources", 5, ["Head of People", "Recruiting Lead", "HR Partner", "Recruiter", "HR Assistant"]),
    ("Legal", 3, ["General Counsel", "Senior Counsel", "Counsel", "Paralegal", "Paralegal"]),
]


class Site:
    """An office, with what the directory repeats for everybody who works there."""

    def __init__(self, city, state, code, country, street, postal, phone, mobile, language, office):
        self.city, self.state, self.code, self.country = city, state, code, country
        self.street, self.postal, self.phone, self.mobile = street, postal, phone, mobile
        self.language, self.office = language, office


SITES = {
    "contoso": [
        Site("Köln", "Nordrhein-Westfalen", "DE", "Germany", "Hohe Straße 41", "50667", "+49 221 4710 {:03}", "+49 171 39200{:02}", "de-DE", "K"),
        Site("Paris", "Île-de-France", "FR", "France", "12 rue des Érables", "75011", "+33 1 99 00 {:02} {:02}", "+33 6 39 98 {:02} {:02}", "fr-FR", "P"),
        Site("Warszawa", "Mazowieckie", "PL", "Poland", "ul. Żelazna 8", "00-841", "+48 22 555 01 {:02}", "+48 500 555 0{:02}", "pl-PL", "W"),
        Site("İstanbul", "Marmara", "TR", "Türkiye", "Çınar Sokağı 5", "34433", "+90 212 555 01 {:02}", "+90 530 555 01 {:02}", "tr-TR", "I"),
        Site("Hà Nội", "Hà Nội", "VN", "Vietnam", "27 phố Hàng Bông", "11000", "+84 24 5550 1{:03}", "+84 90 555 01{:02}", "vi-VN", "H"),
    ],
    "fabrikam": [
        Site("Berlin", "Berlin", "DE", "Germany", "Münzstraße 19", "10178", "+49 30 23125 {:03}", "+49 172 99259{:02}", "de-DE", "B"),
        Site("Αθήνα", "Αττική", "GR", "Greece", "Αιόλου 33", "105 51", "+30 210 555 01{:02}", "+30 690 555 01{:02}", "el-GR", "A"),
        Site("東京", "東京都", "JP", "Japan", "千代田区丸の内 1-2-3", "100-0005", "+81 3 5550 1{:03}", "+81 90 5550 1{:03}", "ja-JP", "T"),
        Site("Tel Aviv", "Tel Aviv District", "IL", "Israel", "14 Hashaked Street", "6688102", "+972 3 555 01{:02}", "+972 50 555 01{:02}", "he-IL", "V"),
        Site("London", "Greater London", "GB", "United Kingdom", "8 Foundry Yard", "EC2A 4XX", "+44 20 7946 0{:03}", "+44 7700 900{:03}", "en-GB", "L"),
    ],
    "tailspin": [
        Site("Seattle", "WA", "US", "United States", "410 Hangar Way, Suite 3", "98108", "+1 206 555 01{:02}", "+1 425 555 01{:02}", "en-US", "S"),
        Site("Montréal", "QC", "CA", "Canada", "85, rue de l'Hélice", "H3B 1A7", "+1 514 555 01{:02}", "+1 438 555 01{:02}", "fr-CA", "M"),
        Site("São Paulo", "SP", "BR", "Brazil", "Alameda dos Ipês 77", "01419-000", "+55 11 5550 1{:03}", "+55 11 95550 1{:03}", "pt-BR", "P"),
        Site("서울", "서울특별시", "KR", "Korea", "중구 을지로 \"하늘\" 빌딩 9", "04539", "+82 2 5550 1{:03}", "+82 10 5550 1{:03}", "ko-KR", "K"),
        Site("Bengaluru", "Karnataka", "IN", "India", "3rd Floor, 21 Lake Road", "560001", "+91 80 5550 1{:03}", "+91 98 5550 1{:03}", "hi-IN", "B"),
    ],
}

# Which names are met where, as weights.
CULTURES = {
    "contoso": {"de": 28, "fr": 16, "pl": 14, "tr": 12, "vi": 8, "en": 5, "cs": 5, "uk": 4, "ar": 4, "el": 2, "ja": 2, "zh": 2, "hi": 2, "es": 2},
    "fabrikam": {"de": 24, "el": 14, "ja": 13, "he": 12, "en": 12, "nd": 7, "ru": 6, "ar": 5, "zh": 3, "pl": 3, "tr": 3, "th": 2, "fr": 2},
    "tailspin": {"en": 24, "fr": 14, "pt": 14, "ko": 13, "hi": 12, "es": 8, "zh": 5, "vi": 4, "ar": 3, "nd": 3, "ja": 3, "uk": 2},
}


def ascii_of(text):
    """The form a help desk gives a name when it makes an account."""
    flat = unicodedata.normalize("NFKD", text.translate(LETTERS))
    return "".join(ch for ch in flat if ch.isascii() and (ch.isalnum() or ch == "-")).lower()


class Person:
    """Somebody; `people` sets the attributes."""


def people(rng, company, count):
    """`count` people in departments, each but the first with a manager, nobody with the same name."""
    sites, weights = SITES[company], CULTURES[company]
    names, accounts, out = set(), set(), []

    def hire(department, title, manager):
        person = Person()
        while True:
            culture = rng.choices(list(weights), weights.values())[0]
            order, given, surname = NAMES[culture]
            given, surname = rng.choice(given.split()).replace("_", " "), rng.choice(surname.split())
            person.given, _, given_latin = given.partition("|")
            person.surname, _, surname_latin = surname.partition("|")
            person.given_latin, person.surname_latin = given_latin or person.given, surname_latin or person.surname
            parts = [person.surname, person.given] if order.startswith("sg") else [person.given, person.surname]
            person.name = ("" if order.endswith("+") else " ").join(parts)
            person.common = f"{person.given_latin} {person.surname_latin}"
            if person.common not in names:
                names.add(person.common)
                break
        given, surname = ascii_of(person.given_latin), ascii_of(person.surname_latin)
        person.address, person.account, number = f"{given}.{surname}", (given[0] + surname)[:18], 1
        while person.account in accounts:
            number += 1
            person.account = f"{(given[0] + surname)[:18]}{number}"
        accounts.add(person.account)
        person.department, person.title, person.manager = department, title, manager
        # Teams sit together, mostly.
        near = manager.site if manager and manager.manager and rng.random() < 0.7 else None
        person.site = near or (rng.choices(sites, [5, 2, 2, 2, 2])[0] if manager else sites[0])
        spread = [rng.randrange(100), rng.randrange(100)]
        wide = "{:03}" in person.site.phone
        person.phone = person.site.phone.format(rng.randrange(1000) if wide else spread[0], spread[1])
        wide = "{:03}" in person.site.mobile
        person.mobile = person.site.mobile.format(rng.randrange(1000) if wide else spread[1], spread[0]) if rng.random() < 0.4 else None
        person.office = f"{person.site.office}-{rng.randrange(1, 6)}.{rng.randrange(1, 40):02}"
        if department == "Production" and title != "Plant Manager":
            person.phone = person.office = None  # they work at the line, not at a desk
        person.number = f"{rng.choice('ABCD')}{10000 + len(out) * 7 + rng.randrange(7)}"
        person.uuid = uuid.UUID(int=rng.getrandbits(128), version=4)
        person.photo = identicon(rng) if len(out) % 41 == 3 else None
        person.disabled = manager is not None and rng.random() < 0.05
        out.append(person)
        return person

    chief = hire("Management", "Chief Executive Officer", None)
    hire("Management", "Assistant to the Chief Executive", chief)
    total = sum(share for _, share, _ in DEPARTMENTS)
    for position, (department, share, titles) in enumerate(DEPARTMENTS):
        last = position == len(DEPARTMENTS) - 1
        size = count - len(out) if last else max(3, round((count - 2) * share / total))
        head = hire(department, titles[0], chief)
        leads = [hire(department, titles[1], head) for _ in range(max(1, (size - 1) // 9))]
        for number in range(size - 1 - len(leads)):
            hire(department, rng.choice(titles[2:]), leads[number % len(leads)])
    for person in out:
        person.disabled = person.disabled and not any(other.manager is person for other in out)
    return out


def identicon(rng):
    """A JPEG of 40 by 40 pixels in 5 by 5 blocks, mirrored: baseline, one constant value per block,
    so that two tiny Huffman tables do and the file has some 200 bytes."""
    back, front = (225, 128, 128), (rng.randrange(70, 140), rng.randrange(60, 200), rng.randrange(60, 200))
    half = [[rng.random() < 0.5 for _ in range(3)] for _ in range(5)]
    bits, before = "", [0, 0, 0]
    for row in half:
        for cell in row + row[1::-1]:
            for component, level in enumerate(front if cell else back):
                # One constant block of value v has the coefficient 8 (v - 128), and the table divides by 8.
                difference, before[component] = level - 128 - before[component], level - 128
                size = abs(difference).bit_length()
                bits += f"{size:04b}"
                if size:
                    bits += f"{difference if difference > 0 else difference + (1 << size) - 1:0{size}b}"
                bits += "0"  # the rest of the block is zero
    bits += "1" * (-len(bits) % 8)
    scan = bytes(int(bits[at:at + 8], 2) for at in range(0, len(bits), 8)).replace(b"\xff", b"\xff\x00")

    def segment(marker, body):
        return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body

    return b"".join([
        b"\xff\xd8",
        segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        segment(0xDB, b"\0" + bytes([8]) * 64),
        segment(0xC0, bytes([8, 0, 40, 0, 40, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])),
        segment(0xC4, b"\0" + bytes([0, 0, 0, 9] + [0] * 12) + bytes(range(9))),
        segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0"),
        segment(0xDA, bytes([3, 1, 0, 2, 0, 3, 0, 0, 63, 0])),
        scan,
        b"\xff\xd9",
    ])


def write_entry(out, dn, attributes):
    """One entry as RFC 2849 has it: base64 where it must be, lines of 76."""
    for name, value in [("dn", dn), *attributes]:
        if value is None or value == "":
            continue
        raw = value if isinstance(value, bytes) else value.encode()
        plain = all(32 <= byte < 127 for byte in raw) and raw[:1] not in (b" ", b":", b"<") and raw[-1:] != b" "
        line = f"{name}: {raw.decode()}" if plain else f"{name}:: {base64.b64encode(raw).decode()}"
        out.write(line[:76] + "\n")
        for at in range(76, len(line), 75):
            out.write(" " + line[at:at + 75] + "\n")
    out.write("\n")


def contoso():
    """OpenLDAP, as slapcat writes it: operational attributes, units, groups, the administrator."""
    rng, suffix, out = random.Random("contoso"), "dc=contoso,dc=example", io.StringIO()
    clock = datetime.datetime(2024, 1, 8, 7)

    def entry(dn, classes, attributes, key=None):
        nonlocal clock
        clock += datetime.timedelta(seconds=rng.randrange(1, 50))
        csn = f"{clock:%Y%m%d%H%M%S}.{rng.randrange(10**6):06}Z#000000#001#000000"
        write_entry(out, dn, [("objectClass", name) for name in classes] + attributes + [
            ("structuralObjectClass", classes[0]), ("entryUUID", str(key or uuid.UUID(int=rng.getrandbits(128), version=4))),
            ("entryCSN", csn)])

    entry(suffix, ["organization", "dcObject"], [("o", "Contoso"), ("dc", "contoso")])
    entry(f"cn=admin,{suffix}", ["organizationalRole", "simpleSecurityObject"], [
        ("cn", "admin"), ("description", "LDAP administrator"), ("userPassword", b"{SSHA}not-a-hash")])
    for unit in ["people", "groups", "services"]:
        entry(f"ou={unit},{suffix}", ["organizationalUnit"], [("ou", unit)])
    staff = people(rng, "contoso", 280)
    units = list(dict.fromkeys(person.department for person in staff))
    for unit in units:
        entry(f"ou={unit},ou=people,{suffix}", ["organizationalUnit"], [
            ("ou", unit), ("description", f"The people of {unit}, whichever site they work at, with its trainees")])
    dn = {person: f"uid={person.account},ou={person.department},ou=people,{suffix}" for person in staff}
    for person in staff:
        site = person.site
        entry(dn[person], ["inetOrgPerson"], [
            ("uid", person.account), ("cn", person.common), ("sn", person.surname), ("givenName", person.given),
            ("displayName", person.name if person.name != person.common else None),
            ("mail", f"{person.address}@contoso.example"), ("title", person.title),
            ("departmentNumber", person.department), ("employeeNumber", person.number),
            ("employeeType", "Contractor" if rng.random() < 0.1 else None), ("l", site.city),
            ("street", site.street if site.office in "P" else None), ("postalCode", site.postal if site.office in "P" else None),
            ("telephoneNumber", person.phone), ("mobile", person.mobile), ("roomNumber", person.office),
            ("preferredLanguage", site.language if site.office != "K" else None),
            ("manager", dn.get(person.manager)), ("jpegPhoto", person.photo),
            ("pwdAccountLockedTime", "000001010000Z" if person.disabled else None)], person.uuid)
    for name in ["everyone-koeln", "works-council", "release-crew", "first-aid"]:
        members = rng.sample(staff, 6)
        entry(f"cn={name},ou=groups,{suffix}", ["groupOfNames"], [("cn", name)] + [("member", dn[one]) for one in members])
    entry(f"uid=backup,ou=services,{suffix}", ["account", "simpleSecurityObject"], [
        ("uid", "backup"), ("userPassword", b"{SSHA}not-a-hash")])
    return out.getvalue()


def second_address(rng, person):
    """The addresses of those who have more than one."""
    if rng.random() < 0.12:
        yield "proxyAddresses", f"SMTP:{person.address}@fabrikam.example"
        yield "proxyAddresses", f"smtp:{person.account}@fabrikam.example"


def fabrikam():
    """Active Directory, as `ldapsearch -LL` reads it with a list of attributes."""
    rng, suffix, out = random.Random("fabrikam"), "DC=fabrikam,DC=example", io.StringIO()
    out.write("version: 1\n\n")

    def entry(dn, classes, attributes):
        write_entry(out, dn, [("objectClass", name) for name in ["top", *classes]] + attributes)

    def guid():
        return uuid.UUID(int=rng.getrandbits(128), version=4).bytes_le

    person_classes = ["person", "organizationalPerson", "user"]
    entry(suffix, ["domain", "domainDNS"], [("objectGUID", guid())])
    entry(f"CN=krbtgt,CN=Users,{suffix}", person_classes, [
        ("cn", "krbtgt"), ("description", "Key Distribution Center Service Account"), ("objectGUID", guid()),
        ("userAccountControl", "514"), ("sAMAccountName", "krbtgt"), ("isCriticalSystemObject", "TRUE")])
    units = {office: f"OU={unit},{suffix}" for office, unit in [
        ("B", "Berlin"), ("A", "Athens"), ("T", "Tokyo"), ("V", "Tel Aviv"), ("L", "London")]}
    for site in SITES["fabrikam"]:
        entry(units[site.office], ["organizationalUnit"], [
            ("ou", units[site.office].partition(",")[0][3:]), ("objectGUID", guid())])
    staff = people(rng, "fabrikam", 250)
    # Berlin files its people by surname, as many German companies do; the comma is escaped in the DN.
    common = {one: f"{one.surname_latin}, {one.given_latin}" if one.site.office == "B" else one.common for one in staff}
    dn = {one: "CN=" + common[one].replace(",", "\\,") + "," + units[one.site.office] for one in staff}
    for person in staff:
        site = person.site
        control = 512 | (2 if person.disabled else 0) | (65536 if rng.random() < 0.1 else 0)
        entry(dn[person], person_classes, [
            ("cn", common[person]), ("sn", person.surname), ("c", site.code), ("l", site.city),
            ("title", person.title), ("postalCode", site.postal if site.office == "L" else None), ("physicalDeliveryOfficeName", person.office if site.office in "BL" else None),
            ("telephoneNumber", person.phone), ("givenName", person.given), ("displayName", person.name),
            ("co", site.country), ("department", person.department), ("company", "Fabrikam"),
            ("streetAddress", site.street if site.office == "L" else None),
            *second_address(rng, person),
            ("employeeID", person.number), ("objectGUID", person.uuid.bytes_le), ("userAccountControl", str(control)),
            ("sAMAccountName", person.account), ("userPrincipalName", f"{person.address}@fabrikam.example"),
            ("mail", f"{person.address}@fabrikam.example" if person.phone else None), ("manager", dn.get(person.manager)),
            ("mobile", person.mobile), ("thumbnailPhoto", person.photo)])
    for number in range(1, 7):
        name = f"FAB-WS-{number:03}"
        entry(f"CN={name},CN=Computers,{suffix}", [*person_classes, "computer"], [
            ("cn", name), ("objectGUID", guid()), ("userAccountControl", "4096"), ("sAMAccountName", f"{name}$")])
    for name in ["All Staff", "Tokyo Office", "VPN Users"]:
        entry(f"CN={name},CN=Users,{suffix}", ["group"], [
            ("cn", name), *(("member", dn[one]) for one in rng.sample(staff, 5)), ("groupType", "-2147483646"),
            ("objectGUID", guid()), ("sAMAccountName", name)])
    entry(f"CN=Courier Desk,CN=Users,{suffix}", ["person", "organizationalPerson", "contact"], [
        ("cn", "Courier Desk"), ("mail", "desk@courier.example"), ("objectGUID", guid())])
    for zone in ["ForestDnsZones", "DomainDnsZones"]:
        out.write(f"# refldap://{zone}.fabrikam.example/DC={zone},{suffix}\n\n")
    return out.getvalue()


HEADER = [
    "Name [displayName] Required", "User name [userPrincipalName] Required", "Initial password [passwordProfile] Required",
    "Block sign in (Yes/No) [accountEnabled] Required", "First name [givenName]", "Last name [surname]",
    "Job title [jobTitle]", "Department [department]", "Usage location [usageLocation]", "Street address [streetAddress]",
    "State or province [state]", "Country or region [country]", "Office [physicalDeliveryOfficeName]", "City [city]",
    "ZIP or postal code [postalCode]", "Office phone [telephoneNumber]", "Mobile phone [mobile]",
]


def tailspin():
    """Entra's bulk-create template, as a spreadsheet saves it: CRLF, and commas after the version."""
    rng, out = random.Random("tailspin"), io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(["version:v1.0"] + [""] * (len(HEADER) - 1))
    rows.writerow(HEADER)
    for person in people(rng, "tailspin", 215):
        site = person.site
        password = f"{rng.choice(['Propeller', 'Windsock', 'Aileron', 'Runway', 'Biplane'])}-{rng.randrange(1000, 10000)}-{rng.choice('abcdefgh')}!"
        rows.writerow([
            person.name, f"{person.address}@tailspin.example", password, "Yes" if person.disabled else "No", person.given,
            person.surname, person.title, person.department, site.code, site.street, site.state, site.country, person.office or "",
            site.city, site.postal, person.phone or "", person.mobile or ""])
    return "\ufeff" + out.getvalue()


def main():
    for name, make in [("contoso.ldif", contoso), ("fabrikam.ldif", fabrikam), ("tailspin.csv", tailspin)]:
        (HERE / name).write_bytes(make().encode())


if __name__ == "__main__":
    main()
