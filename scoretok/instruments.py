"""What instruments are called: General MIDI programs and drum keys by name, in the languages that files are written in.

Names are matched without case and accents, whole words only where the script has words. The first entry that matches
decides, so that "bass drum" stands before "bass". Programs and keys are those of General MIDI (counted from 0).
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

_CHOIR = r"choirs?|chor|choeur|coro|хор|合唱|コーラス|합창"
# English, German, French, Italian, Spanish, Portuguese, Russian, Polish, Chinese, Japanese and Korean.
_PROGRAMS: tuple[tuple[int, str], ...] = (
    (38, r"synth ?bass|bass ?synth|synthbass|sub( ?bass)?|808"),
    (36, r"slap ?bass"),
    (35, r"fretless"),
    (32, r"(upright|double|acoustic|string|contra) ?bass(es)?|kontrabass\w*|contrebasses?|contrabb?ass[io]s?"
         r"|contrabajos?|контрабасы?|kontrabas|低音提琴|コントラバス|콘트라베이스"),
    (70, r"(contra)?bassoons?|fagott?[eio]?|kontrafagott|bassons?|фаготы?|巴松|ファゴット|바순"),
    (71, r"(bass ?)?clarinets?|klarinetten?|bassklarinette|clarinettes?|clarinett[io]|clarinetes?|кларнеты?|klarnet"
         r"|单簧管|クラリネット|클라리넷"),
    (57, r"(bass ?)?trombon[eis]*|posaunen?|tromboni|тромбоны?|puzon|长号|トロンボーン|트롬본"),
    (73, r"flutes?|floten?|flauti|flauto|flautas?|querflote|флейт[аы]|flet|长笛|フルート|플루트"),
    (72, r"piccolos?|ottavino|flautin"),
    (74, r"recorders?|blockfloten?|dolce"),
    (75, r"pan ?(flute|pipes?)|panflote"),
    (68, r"oboes?|oboen|hautbois|oboi|гобой|oboj|双簧管|オーボエ|오보에"),
    (69, r"english horn|cor anglais|englischhorn|corno inglese"),
    (58, r"euphoniums?|tubas?|tube|туба|大号|チューバ|튜바"),
    (60, r"(french )?horns?|horner|waldhorn|cors?|corn[io]|trompas?|валторн[аы]|圆号|ホルン|호른"),
    (59, r"muted trumpets?"),
    (56, r"trumpets?|trompeten?|trompett?es?|tromb[ae]|trompetas?|cornets?|flugelhorn|труб[аы]|trabka|小号|トランペット"
         r"|트럼펫"),
    (64, r"soprano sax\w*"),
    (67, r"bari(tone|ton)? ?sax\w*"),
    (66, r"tenor ?sax\w*"),
    (65, r"(alto? ?|alt)?(sax(es|ophon\w*|ofon\w*|ofones?)?|sassofon\w*)|саксофоны?|saksofon|萨克斯|サックス|색소폰"),
    (61, r"brass|blaser|blechblaser|cuivres|ottoni|metales|metais|духовые|铜管|ブラス|브라스"),
    (22, r"harmonicas?|mundharmonika"),
    (21, r"accordions?|akkordeon|accordeon|fisarmonica|acordeon|аккордеон|баян|akordeon|手风琴"
         r"|アコーディオン|아코디언"),
    (105, r"banjos?|банджо"),
    (104, r"sitars?"),
    (114, r"steel ?(drums?|pans?)"),
    (46, r"harps?|harfen?|harpes?|arp[ae]|арфа|竖琴|ハープ|하프"),
    (33, r"(fingered |electric |el |e |jazz )?(bass|bs) ?(guitar|gitarre|gtr)|guitare basse|basso elettrico|бас гитара"
         r"|basgitara|gitara basowa|basgitaar|エレキベース|エレベ|电贝司|贝司|bas gitar"),
    (30, r"(dist(orted|ortion)?|overdriven?|lead|heavy|crunch|power) ?(gtrs?|guitars?|gitarren?|guitares?|guitarras?"
         r"|chitarr[ae])"),
    (27, r"(el(ec|ectric|ektrische?)?\.?|clean|jazz|e)[ -]?(gtrs?|guitars?|gitarren?)|guitares? electriques?"
         r"|guitarras? electricas?|chitarr[ae] elettric\w+|엘릭 ?기타|일렉 ?기타|电吉他|エレキ"),
    (25, r"(steel|ac(oustic|oust)?\.?|a|western|12[ -]?string)[ -]?(gtrs?|guitars?|gitarren?)|ukuleles?|mandolin\w*"),
    (24, r"(nylon |classical )?(gtrs?|guitars?)|\w*gitarren?|guitares?|guitarras?|chitarr[ae]|guit|гитар[аы]|gitara"
         r"|gitaar|gitarr|gitar|violao|アコギ"
         r"|吉他|ギター|기타"),
    (40, r"violins?( ?[12i]+)?|violinen?|violons?|violin[ioe]s?|geigen?|vln?s?|fiddle|скрипк[аи]|skrzypce|小提琴"
         r"|バイオリン|ヴァイオリン|바이올린"),
    (41, r"violas?|bratschen?|viole|altos|альты?|altowka|中提琴|ビオラ|ヴィオラ|비올라"),
    (42, r"(violon)?cell[oi]s?|violoncelles?|celli|celo|виолончел[иь]|wiolonczela|大提琴|チェロ|첼로"),
    (45, r"pizz(icato)?"),
    (44, r"tremolo strings"),
    (48, r"(string|str)s?( ?(section|ensemble|orchestra))?|strings|streicher|cordes|archi|cuerdas|cordas|strakar"
         r"|orchest\w+"
         r"|струнные|smyczki|弦乐|弦樂|ストリングス|현악|스트링"),
    (89, r"(synth ?)?pads?|flachen?|nappes?|пэд|パッド|패드"),
    (81, r"(synth ?)?lead|lead ?synth|synth(esi[sz]er)?s?|arp(eggi\w+)?|plucks|solo|синт\w*|合成器|シンセ|신스|리드"),
    (8, r"celest[ae]"),
    (9, r"glockenspiels?|bells?"),
    (11, r"vib(e|es|raphone?s?|rafono|raphon)|вибрафон"),
    (12, r"marimbas?|маримба"),
    (13, r"xylophone?s?|xylophon|xilofono?"),
    (14, r"tubular bells|chimes|rohrenglocken"),
    (47, r"timpani|timps?|pauken?|timbales d'orchestre|timbal(es)?|литавры|kotly|定音鼓|ティンパニ|팀파니"),
    (6, r"harpsichord|cembalo|clavecin|clavicembalo|clave?ci[mn]|клавесин"),
    (7, r"clavi?(net)?"),
    (4, r"(el(ec|ectric)?\.?|e|rhodes|wurli\w*)[ -]?(piano|pno)|rhodes|wurli\w*|piano elec\w*|ep ?[12]?|エレピ"),
    (16, r"organs?|hammond|b3|orgeln?|orgues?|organ[oi]|orgao|орган|organy|管风琴|オルガン|오르간"),
    (19, r"church organ|pipe organ|kirchenorgel"),
    (0, r"piano(s|forte)?|piyano|toetsen|pnos?|grand|klavier|flugel|keys?|keyboards?|tasten|claviers?|tastier[ae]"
         r"|teclados?|фортепиано"
        r"|пианино|рояль|клавишные|fortepian|pianino|klawisze|钢琴|鋼琴|ピアノ|피아노|건반"),
    (52, _CHOIR),
    (33, r"(fingered |electric |el |e |jazz )?(bass|bs)|basses?|basse|bass[io]|baj[oi]|baixo|бас|bas|贝斯|貝斯"
         r"|ベース|베이스"),
)  # fmt: skip
_VOCALS = (
    r"vocals?|vox|voice|singer|sing|melod(y|ie|ia)|lead vo\w*|lyrics?|words"
    r"|gesang|stimme|singstimme|chant|voix|melodie|voz|voce|cant[oaeu]|cantante|zang|sang|vokal|vocales|vocais"
    r"|вокал|голос|мелодия|wokal|spiew"
    r"|人声|人聲|歌声|歌|歌手|主唱|主旋律|ボーカル|ヴォーカル|メロディ|보컬|노래|멜로디"
)
_CHOIR_VOICES = rf"{_CHOIR}|sopran[oi]?|alt|alto|tenor[e]?|baritone?|bariton[eo]|countertenor"
CHOIR_PROGRAM = 52
_KITS = (
    r"drums?( ?(kit|set|track|loop))?|drum\w*|percussions?|perc|kit|beats?|schlagzeug|schlagwerk|perkussion|batteries?"
    r"|percusion|bateria|batteria|trommeln|trummor|davul|percussioni|percussao|ударные|барабаны|перкуссия|perkusja"
    r"|bebny|鼓(组)?|打击乐|ドラム(ス)?"
    r"|パーカッション|드럼|퍼커션"
)
BASS_PROGRAM = 33
_PITCHED_DRUMS = r"(steel|melodic) ?(drums?|pans?|toms?)"
_DRUM_KEYS: tuple[tuple[int, str], ...] = (
    (36, r"bass ?drum|kick( drum)?|b\.? ?d(rum)?|(grosse?|gr\.) trommel|grosse caisse|gran ?cassa|bombo|большой барабан"
         r"|底鼓|大鼓|バスドラム"),
    (37, r"rim ?shot|side ?stick|cross ?stick|rim"),
    (39, r"(hand ?)?claps?|palmas|klatschen"),
    (38, r"snare( drum)?|side drum|s\.? ?d\.?|kleine trommel|caisse claire|rullante|tamburo( piccolo)?|caja|caixa"
         r"|tambour(?! de basque)|redoblante"
         r"|малый барабан|小鼓|军鼓|スネア\w*"),
    (46, r"open (hi[ -]?hat|hh|charleston)|(hi[ -]?hat|hh) open"),
    (44, r"(pedal|foot) (hi[ -]?hat|hh)|(hi[ -]?hat|hh) (pedal|foot)"),
    (42, r"(closed )?(hi[ -]?hats?|hh|charleston)|ハイハット"),
    (53, r"ride bell"),
    (51, r"ride( cymbal)?"),
    (55, r"splash( cymbal)?"),
    (52, r"(china|chinese)( cymbal)?|cymbal chinese|tam[ -]?tam|gongs?"),
    (49, r"(crash |suspended |sus\.? |clash )?(cymbals?|cym\.?)|crash|becken|cymbales?|piatt[io]|platillos?|pratos?"
         r"|тарелки|镲|シンバル"),
    (41, r"(low |floor )tom\w*"),
    (50, r"(high |hi )tom\w*"),
    (47, r"(mid(dle)? )?tom[ -]?toms?|toms?"),
    (83, r"sleigh bells?|jingle bells?|bells sleigh|schellen"),
    (54, r"schellen(ring|kranz)|tambourines?|tamb\.?|schellentrommel|tambour de basque|tamburin\w*|tamburello"
         r"|pandereta|pandeiro|бубен|铃鼓"
         r"|タンバリン"),
    (56, r"cow ?bell|kuhglocke|campanaccio|cencerro"),
    (58, r"vibra ?slap"),
    (60, r"bongos?"),
    (63, r"congas?|tumba\w*"),
    (65, r"timbales?"),
    (67, r"agogo"),
    (69, r"cabasa|shekere"),
    (70, r"maracas?|shakers?|egg"),
    (71, r"whistle"),
    (73, r"guiro|ratchet"),
    (75, r"claves?"),
    (76, r"(wood|temple) ?blocks?|holzblock|tempelblock\w*|wood-?block|bloc de bois"),
    (78, r"cuica"),
    (81, r"trgl?|triangles?|triangel|triangolo|triangulo|треугольник|三角铁|トライアングル"),
    (85, r"castanets?|kastagnetten|castagnett\w*|castanuelas"),
)  # fmt: skip
_KIT_KEYS = frozenset(range(27, 88))  # the percussion of GM2


def plain_name(text: str) -> str:
    """A name in lower case without accents, hyphens, dots and underscores as spaces."""
    bare = re.sub(r"(?<=[A-Za-z])[\u0300-\u036f]+", "", unicodedata.normalize("NFKD", text))
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFC", bare))
    return re.sub(r"[\s_./,;:()\[\]#-]+", " ", words).strip().casefold()


@cache
def _pattern(names: str) -> re.Pattern[str]:
    letter = "[a-zа-яё]"
    return re.compile(rf"(?<!{letter})(?:{names})(?!{letter})")


def program_by_name(name: str) -> int | None:
    """The General MIDI program of an instrument called so ('E-Gitarre' -> 27), else None."""
    plain = plain_name(name)
    return next((program for program, names in _PROGRAMS if _pattern(names).search(plain)), None)


def is_vocal_name(name: str) -> bool:
    """Whether a track called so is sung; 'Alto' is, 'Alto sax' is not."""
    plain = plain_name(name)
    in_choir = _pattern(_CHOIR_VOICES).search(plain) is not None and program_by_name(name) in (None, CHOIR_PROGRAM)
    return in_choir or _pattern(_VOCALS).search(plain) is not None


def is_drum_name(name: str) -> bool:
    """Whether a track called so is a drum kit or one of its drums; steel drums and drum'n'bass are none."""
    if _pattern(_PITCHED_DRUMS).search(plain_name(name)):
        return False
    is_one = drum_key_by_name(name) is not None
    return is_one or (_pattern(_KITS).search(plain_name(name)) is not None and program_by_name(name) != BASS_PROGRAM)


def drum_key_by_name(name: str) -> int | None:
    """The General MIDI key of a percussion instrument called so ('Becken' -> 49), else None."""
    plain = plain_name(name)
    return next((key for key, names in _DRUM_KEYS if _pattern(names).search(plain)), None)


def fits_a_kit(keys: Sequence[int]) -> bool:
    """Whether nearly all keys are those of a drum kit or of percussion."""
    return bool(keys) and sum(key in _KIT_KEYS for key in keys) >= 0.9 * len(keys)
