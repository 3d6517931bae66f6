//! The catalogue of codes: the single place that knows every code, its severity and its explanation.

use crate::problem::Severity;

/// What a code means, with an example of the mistake and of its repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// The code, such as `D213`.
    pub code: &'static str,
    /// One line.
    pub title: &'static str,
    /// Why it is refused, or what it means.
    pub text: &'static str,
    /// Input that has the problem.
    pub example_wrong: &'static str,
    /// The same input without it.
    pub example_right: &'static str,
}

macro_rules! catalogue {
    ($($name:ident $code:literal $severity:ident $title:literal
        $text:literal wrong: $wrong:literal right: $right:literal)*) => {
        /// The codes of all problems. A code never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = concat!("`", $code, "`: ", $title, ".")] $name,)*
        }

        impl Code {
            /// The code as text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// How much problems of this code matter.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }

        const EXPLANATIONS: &[Explanation] = &[
            $(Explanation { code: $code, title: $title, text: $text, example_wrong: $wrong, example_right: $right },)*
        ];
    };
}

/// The explanation of a code, in any case of letters; `None` for a code that does not exist.
///
/// ```
/// let explanation = delever_io::explain("d213").expect("exists");
/// assert_eq!(explanation.code, "D213");
/// assert!(delever_io::explain("D999").is_none());
/// ```
pub fn explain(code: &str) -> Option<&'static Explanation> {
    EXPLANATIONS
        .iter()
        .find(|explanation| explanation.code.eq_ignore_ascii_case(code))
}

/// Every code, ascending.
pub fn all_codes() -> impl Iterator<Item = &'static str> {
    EXPLANATIONS.iter().map(|explanation| explanation.code)
}

catalogue! {
    ScenarioUnreadable "D101" Error "the scenario file cannot be read"
        "The file does not exist, is a folder, may not be read, or is not UTF-8 text."
        wrong: "delever run scenari.toml" right: "delever run scenario.toml"
    NotToml "D102" Error "the scenario file is not TOML"
        "The message shows the line and points at the place where reading stopped."
        wrong: "rule = leverage-cap" right: "rule = \"leverage-cap\""
    UnknownKey "D103" Error "a key is not known"
        "Keys that nobody reads are refused, because a misspelt key would silently leave a default in force."
        wrong: "[clearing]\nmodell = \"none\"" right: "[clearing]\nmodel = \"none\""
    WrongType "D104" Error "a value has the wrong type"
        "The key needs a value of another kind: text stands in quotes, numbers do not, sections are tables."
        wrong: "max_leverage = \"33\"" right: "max_leverage = 33.0"
    Version "D105" Error "the version is missing or not known"
        "Every scenario file says which version of the format it follows; this program reads version 1."
        wrong: "name = \"base\"" right: "version = 1\nname = \"base\""
    UnknownKind "D106" Error "no model of that name"
        "The rule, strategy, impact model, clearing model or engine that is named is not registered."
        wrong: "model = \"exponental\"" right: "model = \"exponential\""
    EngineSetting "D107" Error "an engine setting is out of range"
        "`tolerance` lies above 0 and at most at 1; `max_iterations` and `max_rounds` are whole numbers of at least 1."
        wrong: "tolerance = 0" right: "tolerance = 1e-12"
    Reserved "D108" Error "a reserved name"
        "The format reserves this name for a model that does not exist yet; no version of this program has it."
        wrong: "model = \"constant-product\"" right: "model = \"exponential\""
    ShockUnknownId "D109" Error "the scenario names an unknown id"
        "Every name under `[shock]` is an id of the table it refers to, or `*` for every id not named; the names of \
         `engine.sequence` are institutions."
        wrong: "prices = { bond = -0.1 }" right: "prices = { bonds = -0.1 }"
    ShockOutOfRange "D110" Error "a shock is out of range"
        "Relative changes are finite and at least -1 (a loss of everything); money stays below 1e18."
        wrong: "prices = { bonds = -20 }" right: "prices = { bonds = -0.20 }"
    PathOutside "D111" Error "a path leaves the scenario's folder"
        "Tables are read only from the folder of the scenario file and below it, so that a scenario of unknown origin cannot read other files. Absolute paths, `..` and links that lead out need `--allow-outside`."
        wrong: "dir = \"../../data\"" right: "dir = \"data\""
    FolderMissing "D112" Error "the data folder does not exist"
        "`[data] dir` names a folder relative to the scenario file."
        wrong: "dir = \"dta\"" right: "dir = \"data\""
    BadOverride "D113" Error "an override is not `key=value`"
        "An override names a dotted key and a value, and every part of the key but the last is a section."
        wrong: "--set impact.model" right: "--set impact.model=linear"
    MissingKey "D114" Error "a needed key is missing"
        "A section under `[deleveraging.rules]` names its rule."
        wrong: "[deleveraging.rules.funds]\nmax_leverage = 3" right: "[deleveraging.rules.funds]\nrule = \"leverage-cap\"\nmax_leverage = 3"
    UnusedKey "D115" Warning "a parameter is not read"
        "The key is a parameter of another model or engine than the chosen one, so it has no effect."
        wrong: "model = \"linear\"\nkappa = 1.5" right: "model = \"square-root\"\nkappa = 1.5"
    UnknownOption "D116" Error "no option of that name"
        "The key accepts a few fixed words only; the message lists them."
        wrong: "execution = \"average\"" right: "execution = \"vwap\""
    OtherEngine "D117" Error "another engine is needed"
        "Some options have a meaning in rounds only, where sales are final; the message says which engine to name."
        wrong: "[impact]\nexecution = \"midpoint\"" right: "[impact]\nexecution = \"midpoint\"\n[engine]\nkind = \"rounds\""
    OverriddenEverywhere "D120" Error "an override that every row overrides"
        "A column of a table wins over the key of the scenario. Where every row that reads the parameter gives its own value, an override \
         of the key (or a sweep of it) changes nothing. Scale the column instead: `--set \"depth*=0.5\"` multiplies every value that is given."
        wrong: "--set impact.depth=1e6 beside a full column `depth`" right: "--set \"depth*=0.5\""
    OverriddenKey "D121" Warning "a key that rows override"
        "A column of a table wins over the key of the scenario, in every row (the key has no effect) or in some (the message counts them)."
        wrong: "max_leverage = 33.0 beside a full column `max_leverage`" right: "max_leverage = 33.0 beside blank cells"
    CommonValue "D122" Note "rows with a value of their own"
        "Some rows of a table give their own value of a parameter; the key of the scenario counts for the others."
        wrong: "max_leverage = 33.0, and a column that gives 20 for one row by mistake" right: "max_leverage = 33.0, and a column that gives 20 for a row on purpose"
    NothingToScale "D123" Error "there is nothing to scale"
        "`name*=factor` multiplies what the scenario and the columns of the tables give for a parameter. Nothing is given under this name."
        wrong: "--set \"dpth*=0.5\"" right: "--set \"depth*=0.5\""

    MissingTable "D201" Error "a needed table is missing"
        "`institutions` is always needed, `assets` as soon as there are holdings, and so is every file that a parameter of a model names."
        wrong: "holdings.csv without assets.csv" right: "assets.csv beside holdings.csv"
    BothFormats "D202" Error "a table is there twice"
        "A table stands in one file. With both a CSV and a Parquet file it is not clear which one counts."
        wrong: "assets.csv and assets.parquet" right: "assets.csv"
    ParquetUnsupported "D203" Error "Parquet is not read"
        "Tables are read from CSV files only."
        wrong: "assets.parquet" right: "assets.csv"
    TableUnsupported "D204" Error "a table that is not read"
        "The format reserves the name of this table, and nothing reads it yet. Remove it, or the result would not be about your data."
        wrong: "accounts.csv" right: "no accounts.csv"
    TableUnreadable "D205" Error "a table cannot be read"
        "The file exists and reading it failed: it may be a folder, locked, or on a broken disk."
        wrong: "a folder named assets.csv" right: "a file named assets.csv"
    NotUtf8 "D206" Error "a row is not UTF-8"
        "Tables are UTF-8 text. Spreadsheets often save another encoding or a workbook; choose `CSV UTF-8` there."
        wrong: "Cr\\xE9dit (Latin-1)" right: "Cr\u{e9}dit (UTF-8)"
    FieldCount "D207" Error "a row has another number of fields than the header"
        "Usually a comma inside a text or a number without quotes, or a quote that is never closed."
        wrong: "id,cash\nA,1,000" right: "id,cash\nA,1000"
    MissingColumn "D208" Error "a needed column is missing"
        "The first line of a table names its columns; the needed ones are listed in the format."
        wrong: "institution,quantity" right: "institution,asset,quantity"
    UnknownColumn "D209" Error "a column is not known"
        "Columns that nobody reads are refused, because a misspelt column would silently leave a default in force. Parameters of every registered model are known columns."
        wrong: "id,csh" right: "id,cash"
    DuplicateColumn "D210" Error "a column is there twice"
        "With two columns of one name it is not clear which one counts."
        wrong: "id,cash,cash" right: "id,cash"
    NotANumber "D211" Error "a cell is not a number"
        "Numbers are written with a decimal point, without thousands separators, units or percent signs."
        wrong: "id,cash\nA,12 mn" right: "id,cash\nA,12"
    NotFinite "D212" Error "a number is not finite"
        "`nan` is never allowed, `inf` only for `depth`, `adv` and `max_leverage`."
        wrong: "id,cash\nA,inf" right: "id,cash\nA,1e9"
    Negative "D213" Error "an amount is negative"
        "Amounts are 0 or more. Short positions are not holdings, and no table holds them yet."
        wrong: "institution,asset,quantity\nA,bond,-5" right: "institution,asset,quantity\nA,bond,5"
    OutOfRange "D214" Error "an amount is outside 1e-9 to 1e18"
        "Within this range sums and products neither overflow nor lose their order. Change the unit of money."
        wrong: "id,cash\nA,1e20" right: "id,cash\nA,1e14"
    BadId "D215" Error "an id is not allowed"
        "An id is not empty and does not start with = + - @, a tab or a control character: spreadsheets would run it as a formula."
        wrong: "id\n=cmd()" right: "id\ncmd()"
    DuplicateId "D216" Error "an id is there twice"
        "Ids are unique within their table."
        wrong: "id\nA\nA" right: "id\nA\nB"
    UnknownId "D217" Error "an id is not known"
        "Holdings, debts and shareholdings name ids of the institutions and assets tables, letter by letter."
        wrong: "institution,asset,quantity\nA,bnd,1" right: "institution,asset,quantity\nA,bond,1"
    SelfClaim "D218" Error "an institution has a claim on itself"
        "A debt to oneself or a share in oneself cancels out of every balance sheet; the row is a mistake."
        wrong: "debtor,creditor,amount\nA,A,5" right: "debtor,creditor,amount\nA,B,5"
    QuantityOrValue "D219" Error "a holding needs exactly one of quantity and value"
        "`quantity` counts units, `value` is money at the initial price; each row gives one of the two."
        wrong: "institution,asset,quantity,value\nA,bond,5,10" right: "institution,asset,quantity,value\nA,bond,5,"
    Fraction "D220" Error "a fraction is not within 0 to 1"
        "0.25 is 25 %."
        wrong: "holder,issuer,fraction\nA,B,25" right: "holder,issuer,fraction\nA,B,0.25"
    OwnedAboveOne "D221" Error "holders own more than all of an issuer"
        "The fractions of one issuer add up to at most 1; what is left belongs to owners outside."
        wrong: "holder,issuer,fraction\nA,C,0.6\nB,C,0.6" right: "holder,issuer,fraction\nA,C,0.6\nB,C,0.4"
    DuplicatePair "D222" Warning "a pair is there twice"
        "Debts of one pair and seniority, and holdings of one pair, add up. A row may have been copied twice."
        wrong: "debtor,creditor,amount\nA,B,5\nA,B,5" right: "debtor,creditor,amount\nA,B,10"
    ZeroPriceValue "D223" Error "a value is given at a price of 0"
        "The number of units is value over price, so an asset whose price is 0 needs a quantity."
        wrong: "price 0, value 5" right: "price 0, quantity 5"
    UnusedColumn "D224" Note "a column is not read"
        "The column is a parameter of a model that the scenario does not choose, so it has no effect."
        wrong: "id,adv under the exponential model" right: "id,depth under the exponential model"
    BadText "D225" Error "a name is not allowed"
        "Names do not start with = + - @, a tab or a control character: spreadsheets would run them as formulas."
        wrong: "id,name\nA,=1+1" right: "id,name\nA,1+1"
    UnknownRuleSection "D226" Error "a row names a rule section that does not exist"
        "The column `rule` names a section `[deleveraging.rules.NAME]` of the scenario file; a blank cell means `[deleveraging]`."
        wrong: "id,rule\nA,fund" right: "id,rule\nA,funds"
    MissingCell "D227" Error "a needed cell is blank"
        "Blank means `not given`, and this cell has no default."
        wrong: "debtor,creditor,amount\nA,B," right: "debtor,creditor,amount\nA,B,5"
    Seniority "D228" Error "a seniority is not a whole number"
        "Seniorities are 0 (paid first), 1, 2 and so on."
        wrong: "debtor,creditor,amount,seniority\nA,B,5,0.5" right: "debtor,creditor,amount,seniority\nA,B,5,1"
    TooManyProblems "D229" Note "more problems than are listed"
        "The list for one file stops at 10,000. Usually one cause stands behind all of them."
        wrong: "20,000 rows with an unknown id" right: "the same rows with the right id"
    NameNearTable "D230" Error "a file is named almost like a table"
        "Tables are found by their exact names, in small letters. A file whose name is near one would silently be left out."
        wrong: "debt.csv" right: "debts.csv"
    FileNotRead "D231" Note "a file is not read"
        "No table has that name, and no parameter of the scenario names the file."
        wrong: "rates.csv" right: "no rates.csv"
    EmptyIgnored "D232" Note "empty rows or columns are ignored"
        "Spreadsheets write rows and columns in which nothing stands any more; they mean nothing."
        wrong: "id,cash,,\nA,5,,\n,,," right: "id,cash\nA,5"
    BlankMoney "D233" Note "blank amounts are read as 0"
        "Rows of the table give other amounts and leave this one blank, which counts as 0. It may be missing data."
        wrong: "id,cash,external_liabilities\nA,,90" right: "id,cash,external_liabilities\nA,0,90"
    MatrixRead "D234" Note "a matrix is read as a list"
        "The first line names ids and not columns. In `debts`, rows owe to columns; in `holdings`, rows hold columns, in units, or in money where the first cell of the table says `value`. Blank cells and 0 are nothing."
        wrong: ",A,B\nA,,5\nB,3," right: "debtor,creditor,amount\nA,B,5\nB,A,3"
    InsolventBefore "D240" Warning "institutions are insolvent before the shock"
        "Assets, with claims at face, are worth less than debts before anything happens. What others lose through such institutions is no \
         effect of the shock; results give it as `loss_contagion_before_shock`. Usually an amount is missing or in another unit."
        wrong: "id,other_assets,external_liabilities\nA,50,60" right: "id,other_assets,external_liabilities\nA,65,60"

    MissingParameter "D301" Error "a parameter is missing"
        "The chosen model needs it, either as a key of its section or as a column of the table."
        wrong: "rule = \"leverage-cap\"" right: "rule = \"leverage-cap\"\nmax_leverage = 33.0"
    ParameterType "D302" Error "a parameter has the wrong type"
        "The model reads a number where a text stands, or one of a few words where another one stands."
        wrong: "external = \"first\"" right: "external = \"senior\""
    ParameterRange "D303" Error "a parameter is out of range"
        "The message says what is allowed."
        wrong: "max_leverage = 0.5" right: "max_leverage = 33.0"
    ParameterConflict "D304" Error "parameters contradict each other"
        "Two parameters say the same thing, or exclude each other."
        wrong: "max_leverage = 33.0\nmin_leverage_ratio = 0.03" right: "max_leverage = 33.0"
    Unsupported "D305" Error "the models do not go together"
        "A chosen model does not cover what the tables hold, or what another model needs. The message names the alternative."
        wrong: "eisenberg-noe with debts of seniority 1" right: "elsinger with debts of seniority 1"
    WhollyOwned "D306" Error "institutions own one another wholly"
        "All shares of a set of institutions lie within the set, so that what they are worth is not determined."
        wrong: "holder,issuer,fraction\nA,B,1\nB,A,1" right: "holder,issuer,fraction\nA,B,0.9\nB,A,1"

    NoInstitutions "D401" Error "there are no institutions"
        "The institutions table has a header and no rows."
        wrong: "id,cash" right: "id,cash\nA,5"
    ModelMismatch "D402" Error "a model does not fit the system"
        "A registered model was built for another number of institutions than the tables have. This is a mistake in the model."
        wrong: "a clearing model for 2 institutions in a system of 3" right: "a clearing model for 3 institutions"

    TooManyBytes "D501" Error "a file is too large"
        "The message names the limit, which guards against files that fill the memory."
        wrong: "holdings.csv of 3 GiB" right: "holdings.csv of 300 MiB"
    TooManyRows "D502" Error "a table has too many rows"
        "The message names the limit."
        wrong: "institutions.csv with 2,000,000 rows" right: "institutions.csv with 100,000 rows"
    TooManyColumns "D503" Error "a table has too many columns"
        "The message names the limit. Tables are in long form: one row for each pair."
        wrong: "a matrix of 5,000 banks" right: "debtor,creditor,amount"
    FieldTooLong "D504" Error "a field is too long"
        "The message names the limit. Usually a quote is never closed, and the rest of the file became one field."
        wrong: "\"Bank A,5" right: "\"Bank A\",5"
    IdTooLong "D505" Error "an id is too long"
        "The message names the limit, in bytes."
        wrong: "an id of 300 letters" right: "an id of 12 letters"
    TooDeep "D506" Error "the scenario file is nested too deeply"
        "The message names the limit. No section of a scenario needs more than five levels."
        wrong: "a = [[[[[[...]]]]]]" right: "a = 1"
}
