/// Words whose point does not end a sentence.
struct Abbreviations: Equatable, Sendable {
    /// Lower-case, without their last point.
    private let words: Set<String>
    /// The same, where a number follows.
    private let beforeNumbers: Set<String>
    /// `3. Mai` is a day.
    private let hasOrdinals: Bool
    private let language: String

    /// - Parameter language: such as `de`; of one that has no list the words of all languages hold.
    init(language: String) {
        let language = String(language.lowercased().prefix { $0 != "-" && $0 != "_" })
        self.language = language
        words = Self.shared.union(Self.own[language] ?? [])
        beforeNumbers = Self.numbered.union(Self.ownNumbered[language] ?? [])
        hasOrdinals = Self.ordinal.contains(language)
    }

    /// Whether the point behind `word` belongs to it.
    ///
    /// - Parameter following: the first letter or sign behind the blanks, and behind quotes and brackets that open.
    func holds(_ word: String, before following: Character?) -> Bool {
        let lower = word.lowercased()
        if words.contains(lower) { return true }
        if following?.isNumber == true, beforeNumbers.contains(lower) { return true }
        if hasOrdinals, (1...2).contains(word.count), word.allSatisfy(\.isASCIIDigit) { return true }
        return isInitials(word)
    }

    /// `J`, `U.S`, `z.B`; but `I` is a word of English.
    private func isInitials(_ word: String) -> Bool {
        if language == "en", word == "I" { return false }
        let parts = word.split(separator: ".", omittingEmptySubsequences: false)
        return !parts.isEmpty && parts.allSatisfy { $0.count == 1 && $0.allSatisfy(\.isLetter) }
    }

    private static func list(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }

    private static let shared = list("dr prof mr mrs ms mme st vs cf e.g i.e ca approx ph.d")
    private static let numbered = list("no nr n° p pp fig figs vol art sec ch eq tab")
    private static let ordinal = list("de da nb nn no fi et cs sk pl hu sl hr sr bs lv is fo tr eu")
    private static let own: [String: Set<String>] = [
        "en": list(
            "messrs mt gen col capt lt sgt cpl maj rev hon gov sen rep pres supt jr sr mx adm cmdr viz al esp dept est"
        ),
        "de": list(
            "bzw vgl evtl ggf sog bspw inkl exkl zzgl abzgl hr fr frl dipl ing med phil jur nat rer hl geb gest urspr engl "
                + "franz lat dt z.b d.h u.a o.ä i.d.r s.o s.u v.a"
        ),
        "fr": list("mm mlle mlles mgr av bd env p.ex c.-à-d ste éd"),
        "es": list("sr sra sres srta dña ud uds avda pág núm ej p.ej excmo"),
        "it": list("sig sigg dott avv ing ecc es p.es pag"),
        "nl": list("dhr mevr drs ir bijv d.w.z o.a m.b.t resp i.v.m"),
        "pt": list("sra exmo p.ex pág av"),
        "pl": list("np tzn itd tj m.in ul wg"),
        "ru": list("т.е т.к г ул см стр им рис"),
        "cs": list("např tzn tj ing mgr čp"),
        "sv": list("t.ex bl.a d.v.s dvs osv jfr"),
    ]
    private static let ownNumbered: [String: Set<String>] = [
        "de": list("abs s kap bd abb tel ziff anm str"), "fr": list("n chap"), "en": list("nos chap app ver"),
        "es": list("cap pág"), "it": list("cap pag"), "nl": list("blz hfst"), "pt": list("cap pág"),
    ]
}
