using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Protocol;

/// <summary>Each way of getting a protocol wrong: where the fault is said to be, and what its message says.</summary>
public sealed class StudyFaultTests
{
    /// <summary>A text of <see cref="StudyTexts"/>, a change to it, and the fault that follows.</summary>
    /// <param name="Title">What is wrong; names the case.</param>
    /// <param name="From">What is replaced.</param>
    /// <param name="To">By what.</param>
    /// <param name="Place">Line:column path of the fault.</param>
    /// <param name="Says">Part of its message.</param>
    /// <param name="Full">Whether the change is to the fullest text rather than the smallest.</param>
    /// <param name="Structural">Whether the JSON Schema must refuse it too; false for what one value means for another.</param>
    public sealed record Case(string Title, string From, string To, string Place, string Says, bool Full = false, bool Structural = true)
    {
        /// <summary>Whether the change is to the text with differential privacy.</summary>
        public bool Private { get; init; }

        /// <summary>Whether the change is to the text of a study that predicts a number.</summary>
        public bool OfNumber { get; init; }

        public string Yaml
        {
            get
            {
                var text = OfNumber ? StudyTexts.Number : Private ? StudyTexts.Private : Full ? StudyTexts.Fullest : StudyTexts.Smallest;
                Assert.Contains(From, text, StringComparison.Ordinal);
                return text.Replace(From, To, StringComparison.Ordinal);
            }
        }

        public override string ToString() => Title;
    }

    internal static readonly Case[] All =
    [
        new("misspelt key", "dataset: rows", "dataste: rows", "7:3 data.dataste", "Did you mean 'dataset'?"),
        new("key in another style", "quorum: 1}", "quorum: 1, maximum_weight: 5}", "12:36 federation.maximum_weight", "Did you mean 'maximum-weight'?"),
        new("key from nowhere", "title: A small study", "title: A small study\ncolour: red", "4:1 colour", "Known here: protocol, name, title"),
        new("missing key", "ethics: none needed\n", "", "1:1 ethics", "Reference of the ethics approval"),
        new("number as text", "rounds: 1", "rounds: ten", "12:22 federation.rounds", "here is the text 'ten'"),
        new("quoted number", "rounds: 1", "rounds: \"1\"", "12:22 federation.rounds", "without quotes"),
        new("octal-looking number", "rounds: 1", "rounds: 010", "12:22 federation.rounds", "leading zeros"),
        new("fraction of a round", "rounds: 1", "rounds: 1.5", "12:22 federation.rounds", "A whole number from 1 to 100000 is expected; here is the number 1.5"),
        new("too few rounds", "rounds: 1", "rounds: 0", "12:22 federation.rounds", "from 1 to 100000"),
        new("text as number", "title: A small study", "title: 7", "3:8 title", "Put it in quotes"),
        new("text as yes", "ethics: none needed", "ethics: true", "5:9 ethics", "here is true"),
        new("nothing", "title: A small study", "title:", "3:7 title", "here is nothing"),
        new("name with capitals", "name: smallest", "name: Smallest", "2:7 name", "a lower-case letter"),
        new("name too long", "name: smallest", "name: a123456789012345678901234567890123456789012345678901234567890123456789", "2:7 name", "up to 62"),
        new("hidden reordering characters", "title: A small study", "title: \"A \\u202Esmall study\"", "3:8 title", "visible characters"),
        new("list as map", "features:\n    - {name: age, range: [0, 120]}", "features: {name: age}", "8:13 data.features", "here is a map"),
        new("map as list", "model: {kind: logistic-regression}", "model: [logistic-regression]", "11:8 model", "here is a list"),
        new("no features", "features:\n    - {name: age, range: [0, 120]}", "features: []", "8:13 data.features", "It has 0"),
        new("unknown model", "kind: logistic-regression", "kind: logistic_regresion", "11:15 model.kind", "Did you mean 'logistic-regression'?"),
        new("no model kind", "{kind: logistic-regression}", "{}", "11:8 model.kind", "'kind' is missing"),
        new("key of another model", "kind: logistic-regression", "kind: logistic-regression, hidden: [8]", "11:36 model.hidden", "It belongs to 'kind: mlp'"),
        new("mlp without sizes", "kind: logistic-regression", "kind: mlp", "11:8 model.hidden", "'hidden' is missing"),
        new("dropout of everything", "dropout: 0.25", "dropout: 1", "18:65 model.dropout", "from 0 and below 1", Full: true),
        new("unknown activation", "activation: tanh", "activation: sigmoid", "18:50 model.activation", "relu (max(0, x)), tanh", Full: true),
        new("unknown strategy", "rounds: 1", "rounds: 1, strategy: fedprox", "12:35 federation.strategy", "The word fedavg is expected"),
        new("levels with a number", "range: [0, 120]}", "range: [0, 120], levels: [1, 2]}", "9:36 data.features[0].levels", "It belongs to 'type: category'"),
        new("unit on a category", "levels: [1, 2, 3, 4]", "levels: [1, 2, 3, 4], unit: a", "14:58 data.features[2].unit", "It belongs to 'type: number'", Full: true),
        new("mean of a category", "missing: no-level", "missing: mean", "14:67 data.features[2].missing", "no-level (the input of every level is 0)", Full: true),
        new("level twice", "levels: [1, 2, 3, 4]", "levels: [1, 2, 2.0, 4]", "14:51 data.features[2].levels[2]", "is there twice (first as item 2)", Full: true),
        new("one level only", "levels: [1, 2, 3, 4]", "levels: [1]", "14:44 data.features[2].levels", "It has 1", Full: true),
        new("unknown missing rule", "missing: mean", "missing: median", "12:68 data.features[0].missing", "here is the text 'median'", Full: true),
        new("deviation of zero", "sd: 9.25", "sd: 0", "12:122 data.features[0].constants.sd", "A number above 0", Full: true),
        new("range reversed", "range: [0, 120]", "range: [120, 0]", "9:26 data.features[0].range", "swap them", Structural: false),
        new("range of three", "range: [0, 120]", "range: [0, 60, 120]", "9:26 data.features[0].range", "A list of two numbers"),
        new("range missing", ", range: [0, 120]", "", "9:7 data.features[0].range", "'range' is missing"),
        new("unit that is not UCUM", "unit: a,", "unit: years of age,", "12:39 data.features[0].unit", "a UCUM unit such as", Full: true),
        new("infinite bound", "range: [0, 120]", "range: [0, .inf]", "9:26 data.features[0].range", "A list of two numbers"),
        new("split with a key of the other kind", "split: {column: part,", "split: {column: part, seed: 1,", "17:25 data.split.seed", "It does not go with 'column'", Full: true),
        new("test share of everything", "label: {name: outcome}", "label: {name: outcome}\n  split: {test: 1}", "11:17 data.split.test", "above 0 and below 1"),
        new("epochs and steps", "local-steps: 10", "local-steps: 10, local-epochs: 1", "19:84 training.local-epochs", "exclude each other", Full: true),
        new("learning rate of zero", "learning-rate: 0.001", "learning-rate: 0", "19:44 training.learning-rate", "above 0", Full: true),
        new("seed beyond 2^53", "seed: 7", "seed: 9007199254740993", "19:90 training.seed", "as strings", Full: true),
        new("seed below zero", "seed: 7", "seed: -7", "19:90 training.seed", "from 0 to 9007199254740991", Full: true),
        new("duration without unit", "deadline: 90m", "deadline: 90", "27:13 federation.deadline", "Add the unit", Full: true),
        new("duration in days", "deadline: 90m", "deadline: 2d", "27:13 federation.deadline", "such as 90s, 10m or 2h", Full: true),
        new("duration of a month", "deadline: 90m", "deadline: 720h", "27:13 federation.deadline", "at most 168h", Full: true, Structural: false),
        new("bits of no grid", "quorum: 1}", "quorum: 1, encoding: {fixed: {bits: 12}}}", "12:61 federation.encoding.fixed.bits", "8, 16, 24, 32"),
        new("unknown encoding", "encoding: float32", "encoding: float16", "31:13 federation.encoding", "Did you mean 'float32'?", Full: true),
        new("site twice", "sites: [south, north, west]", "sites: [south, north, south]", "23:25 federation.sites[2]", "is there twice", Full: true),
        new("site name", "sites: [south, north, west]", "sites: [south, North, west]", "23:18 federation.sites[1]", "a lower-case letter", Full: true),
        new("floats under masks", "quorum: 1}", "quorum: 1, aggregation: secure, encoding: float32}", "12:57 federation.encoding", "fixed point", Structural: false),
        new("masks of two sites", "quorum: 1}", "quorum: 1, sites: [a, b]}", "12:36 federation.sites", "invite 3 to 256 sites, or write 'aggregation: plain', by which whoever operates the coordinator can look", Structural: false),
        new("encryption for whoever comes", "quorum: 1}", "quorum: 1, aggregation: encrypted-threshold}", "12:1 federation.sites", "name each of them", Structural: false),
        new("encryption for fewer than all", "quorum: 1}", "quorum: 2, aggregation: encrypted-consortium, sites: [a, b, c]}", "12:25 federation.quorum", "the quorum must be 3", Structural: false),
        new("keys that are no map", "keys: {south", "keys: [south] # {", "24:9 federation.keys", "A map of 1 to 256 entries", Full: true),
        new("key of half the digits", "north: bbbb", "north: bb", "24:90 federation.keys.north", "64 lower-case hexadecimal digits", Full: true),
        new("key of a stranger", "keys: {south", "keys: {nord: dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd, south", "24:10 federation.keys.nord", "'nord' is not among the invited sites", Full: true, Structural: false),
        new("site without a key", "keys: {south: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, ", "keys: {", "24:3 federation.keys", "'south' has no key here", Full: true, Structural: false),
        new("one key of two sites", "north: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "north: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "24:83 federation.keys.north", "'south' and 'north' have one key", Full: true, Structural: false),
        new("keys without sites", "  sites: [south, north, west]\n", "", "23:3 federation.keys", "which is missing; list the sites", Full: true, Structural: false),
        new("quorum beyond the sites", "quorum: 2", "quorum: 4", "26:3 federation.quorum", "only 3 sites are invited", Full: true, Structural: false),
        new("quorum below the required", "required: [north]", "required: [north, south, west]", "26:3 federation.quorum", "3 sites are required", Full: true, Structural: false),
        new("required site not invited", "required: [north]", "required: [nort]", "25:3 federation.required", "Did you mean 'north'?", Full: true, Structural: false),
        new("feature twice", "    - {name: age, range: [0, 120]}", "    - {name: age, range: [0, 120]}\n    - {name: age, range: [0, 1]}", "10:8 data.features[1].name", "is already feature 1", Structural: false),
        new("label among the features", "name: outcome", "name: age", "9:8 data.features[0].name", "is already the label", Structural: false),
        new("patient as a feature", "patient: person", "patient: age", "12:8 data.features[0].name", "is already the patient", Full: true, Structural: false),
        new("split column as a feature", "column: part", "column: pain", "14:8 data.features[2].name", "is already the split", Full: true, Structural: false),
        new("same value for training and test", "test: \"1\"", "test: \"0\"", "17:37 data.split.test", "must differ", Full: true, Structural: false),
        new("substitute outside the range", "missing: {value: 120}", "missing: {value: 12}", "13:82 data.features[1].missing.value", "outside the plausible range [30, 300]", Full: true, Structural: false),
        new("substitute that is no level", "missing: {value: 1.5}", "missing: {value: 2}", "15:65 data.features[3].missing.value", "not one of the levels", Full: true, Structural: false),
        new("mean outside the range", "mean: 54.5", "mean: 545", "12:106 data.features[0].constants.mean", "outside the plausible range", Full: true, Structural: false),
        new("constants without deviation", ", sd: 9.25", "", "12:94 data.features[0].constants", "add 'sd'", Full: true, Structural: false),
        new("constants without use", "scale: none}", "scale: none, constants: {mean: 120}}", "13:108 data.features[1].constants", "have no use", Full: true, Structural: false),
        new("no data", "data:\n  dataset: rows\n  features:\n    - {name: age, range: [0, 120]}\n  label: {name: outcome}\n", "", "0:0 data", "'data' is missing", Structural: false),
        new("no label", "\n  label: {name: outcome}", "", "6:1 data.label", "'data.label' is missing", Structural: false),
        new("benchmark with data", "{kind: logistic-regression}", "{kind: benchmark, parameters: 5}\nevaluation: {every: 0}", "8:3 data.features", "A benchmark reads no data", Structural: false),
        new("benchmark that is evaluated per site", "  features:\n    - {name: age, range: [0, 120]}\n  label: {name: outcome}\nmodel: {kind: logistic-regression}", "model: {kind: benchmark, parameters: 5}\nevaluation: {every: 0, per-site: true}", "9:24 evaluation.per-site", "nothing to evaluate", Structural: false),
        DpRule("gates of what is not measured", "evaluation: {every: 6}", "evaluation: {every: 0, gates: {baseline: 0.7}}", "14:24 evaluation.gates", "no gate could pass"),
        DpRule("nothing that could be held back", "evaluation: {every: 6}", "evaluation: {every: 0, greatest-fall: 0.1}", "14:24 evaluation.greatest-fall", "Nothing is evaluated"),
        new("gap that says nothing", "subgroup-gap: {auroc: 0.1, equal-opportunity: 0.15, in-the-large: 0.05}", "subgroup-gap: {}", "36:11 evaluation.gates.subgroup-gap", "by how much it may differ", Full: true, Structural: false),
        new("gap between no subgroups", "quorum: 1}", "quorum: 1}\nevaluation: {gates: {subgroup-gap: {auroc: 0.1}}}", "13:22 evaluation.gates.subgroup-gap", "declares no subgroups", Structural: false),
        DpRule("subgroups of what is not evaluated", "evaluation: {every: 6}", "evaluation: {every: 0, subgroups: [{feature: pain}]}", "14:24 evaluation.subgroups", "no subgroup would be counted"),
        DpRule("subgroups without noise", "evaluation: {every: 6}", "evaluation: {every: 6, subgroups: [{feature: pain}]}", "14:24 evaluation.subgroups", "no ledger would have charged them"),
        new("subgroups by what the study does not ask for", "{feature: pain}", "{feature: pian}", "34:104 evaluation.subgroups[2].feature", "Did you mean 'pain'?", Full: true, Structural: false),
        new("subgroups by one feature twice", "{feature: pain}", "{feature: age, bands: [50]}", "34:104 evaluation.subgroups[2].feature", "keep one of the two", Full: true, Structural: false),
        new("number without bands", "{feature: pain}", "{feature: pressure}", "34:103 evaluation.subgroups[2]", "such as bands: [45, 65]", Full: true, Structural: false),
        new("bands of a category", "{feature: pain}", "{feature: pain, bands: [2]}", "34:119 evaluation.subgroups[2].bands", "leave the bands out", Full: true, Structural: false),
        new("bands that fall", "[18, 40.5, 65]", "[18, 65, 40.5]", "34:30 evaluation.subgroups[0].bands", "from the least to the greatest", Full: true, Structural: false),
        new("band below the range", "[18, 40.5, 65]", "[0, 40.5, 65]", "34:30 evaluation.subgroups[0].bands", "plausible range [0, 120]", Full: true, Structural: false),
        new("too many bands", "[18, 40.5, 65]", "[1, 2, 3, 4, 5, 6, 7, 8]", "34:37 evaluation.subgroups[0].bands", "It has 8", Full: true),
        new("too many levels", "levels: [1, 2, 3, 4]", "levels: [1, 2, 3, 4, 5, 6, 7, 8, 9]", "34:104 evaluation.subgroups[2].feature", "at most 8 subgroups", Full: true, Structural: false),
        new("names of other subgroups", "[none, one and a half]", "[none, one, half]", "34:71 evaluation.subgroups[1].names", "There are 2 subgroups and 3 names", Full: true, Structural: false),
        new("name of the missing", "[none, one and a half]", "[none, missing]", "34:71 evaluation.subgroups[1].names", "choose another", Full: true, Structural: false),
        new("points that fall", "threshold: 0.5", "threshold: 0.1", "35:125 evaluation.operating-points[1].threshold", "from the least to the greatest", Full: true, Structural: false),
        new("certain point", "threshold: 0.5", "threshold: 1", "35:136 evaluation.operating-points[1].threshold", "above 0 and below 1", Full: true),
        new("less urgent where it is more likely", "indicator: critical", "indicator: info", "35:141 evaluation.operating-points[1].indicator", "let the indicators rise", Full: true, Structural: false),
        new("two points of one name", "name: call", "name: review", "35:113 evaluation.operating-points[1].name", "give each its own", Full: true, Structural: false),
        new("unknown indicator", "indicator: critical", "indicator: urgent", "35:152 evaluation.operating-points[1].indicator", "One of the words info", Full: true),
        new("use by nobody", "  users: Nurses of the emergency department\n", "", "38:3 intended-use.users", "'users' is missing", Full: true),
        new("benchmark with operating points", "  features:\n    - {name: age, range: [0, 120]}\n  label: {name: outcome}\nmodel: {kind: logistic-regression}", "model: {kind: benchmark, parameters: 5}\nevaluation: {every: 0, operating-points: [{name: a, threshold: 0.5, indicator: info}]}", "9:24 evaluation.operating-points", "nothing to evaluate", Structural: false),
        Number("logistic regression of a number", "linear-regression", "logistic-regression", "11:9 model.kind", "write 'kind: linear-regression'"),
        new("linear regression of yes or no", "logistic-regression", "linear-regression", "11:9 model.kind", "give 'data.label.range'", Structural: false),
        new("error gates of yes or no", "quorum: 1}", "quorum: 1}\nevaluation: {error-gates: {greatest-error: 2}}", "13:14 evaluation.error-gates", "write 'gates'", Structural: false),
        Number("gates of areas of a number", "error-gates: {greatest-error: 3}", "gates: {baseline: 0.7}", "13:14 evaluation.gates", "write 'error-gates'"),
        Number("points of a number", "error-gates: {greatest-error: 3}", "operating-points: [{name: long, threshold: 0.5, indicator: info}]", "13:14 evaluation.operating-points", "These are probabilities"),
        Number("error gates of what is not measured", "{error-gates", "{every: 0, error-gates", "13:24 evaluation.error-gates", "no gate could pass"),
        Number("gap of errors between no subgroups", "greatest-error: 3", "subgroup-gap: 3", "13:28 evaluation.error-gates.subgroup-gap", "declares no subgroups"),
        Number("mean of outcomes outside their range", "mean: 6, sd: 7", "mean: 66, sd: 7", "10:60 data.label.constants.mean", "outside the plausible range [0, 60]"),
        Number("outcomes that do not vary", "sd: 7", "sd: 0", "10:73 data.label.constants.sd", "A number above 0", structural: true),
        Number("bound of a number", "unit: d", "unit: d, above: 3", "10:48 data.label.above", "It does not go with 'range'", structural: true),
        Number("range of outcomes reversed", "range: [0, 60]", "range: [60, 0]", "10:30 data.label.range", "swap them"),
        Number("range beyond 32 bits", "range: [0, 60]", "range: [0, 1e30]", "10:23 data.label.range", "must lie within"),
        Number("range that 32 bits do not divide", "range: [0, 60]", "range: [1000000, 1000001]", "10:23 data.label.range", "predict the difference from a reference"),
        Number("scale of another order", "sd: 7", "sd: 1e9", "10:69 data.label.constants.sd", "of another order than the range"),
        Number("number under privacy", "quorum: 1}", "quorum: 1, weighting: equal}\ntraining: {local-steps: 1}\nprivacy: {dp: {noise-multiplier: 1, clipping-norm: 1, sampling-rate: 0.1, patients: 100, evaluation: {noise-multiplier: 4}}}", "14:1 privacy", "not trained under differential privacy yet"),
        new("yes in quotes", "per-site: true", "per-site: \"true\"", "33:34 evaluation.per-site", "The word true or false is expected; here is the text 'true'. Write it without quotes.", Full: true),
        new("yes as a number", "per-site: true", "per-site: 1", "33:34 evaluation.per-site", "The word true or false", Full: true),
        new("network without end", "hidden: [64, 32]", "hidden: [65536, 65536]", "18:20 model.hidden", "at most 268435456", Full: true, Structural: false),
        new("another version", "protocol: 1", "protocol: 2", "1:11 protocol", "this software reads protocol 1"),
        new("version as text", "protocol: 1", "protocol: \"1\"", "1:11 protocol", "The number 1 is expected"),
        Dp("privacy of another kind", "  dp:\n", "  pd:\n", "18:3 privacy.pd", "Did you mean 'dp'?"),
        Dp("noise that protects nobody", "noise-multiplier: 1.25", "noise-multiplier: 0.1", "20:23 privacy.dp.noise-multiplier", "from 0.125 to 1000"),
        Dp("no noise", "    noise-multiplier: 1.25\n", "", "19:5 privacy.dp.noise-multiplier", "'noise-multiplier' is missing"),
        Dp("nobody drawn", "sampling-rate: 0.0625", "sampling-rate: 0", "22:20 privacy.dp.sampling-rate", "above 0"),
        Dp("sampling twice", "sampling-rate: 0.0625", "sampling-rate: 1.5", "22:20 privacy.dp.sampling-rate", "above 0"),
        Dp("no patients", "patients: 800", "patients: 0", "23:15 privacy.dp.patients", "from 1 to 16777216"),
        Dp("too many rows of a patient", "rows-per-patient: 4", "rows-per-patient: 257", "24:23 privacy.dp.rows-per-patient", "from 1 to 256"),
        Dp("unknown placement", "placement: site", "placement: nowhere", "19:16 privacy.dp.placement", "site (each site's noise is enough by itself"),
        Dp("quantile of everybody", "quantile: 0.6", "quantile: 1", "25:26 privacy.dp.adaptive.quantile", "above 0 and below 1"),
        Dp("bins that do not divide the grid", "bins: 32", "bins: 24", "26:45 privacy.dp.evaluation.bins", "8, 16, 32, 64"),
        new("privacy of a benchmark", "data:\n  dataset: rows\n  features:\n    - {name: age, range: [0, 120]}\n  label: {name: outcome}\nmodel: {kind: logistic-regression}", "model: {kind: benchmark, parameters: 5}\nevaluation: {every: 0}\ntraining: {local-steps: 1}\nprivacy: {dp: {noise-multiplier: 1, clipping-norm: 1, sampling-rate: 1, patients: 1}}", "9:1 privacy", "A benchmark reads no patients", Structural: false),
        DpRule("dropout under privacy", "activation: tanh}", "activation: tanh, dropout: 0.25}", "13:51 model.dropout", "do not go together"),
        DpRule("epochs under privacy", "local-steps: 5", "local-epochs: 5", "16:48 training.local-epochs", "give 'local-steps' instead"),
        DpRule("epochs by default under privacy", ", local-steps: 5", "", "16:1 training.local-epochs", "give 'local-steps' instead"),
        DpRule("weights by rows under privacy", "weighting: equal", "weighting: rows", "15:37 federation.weighting", "write 'weighting: equal'"),
        DpRule("weights by default under privacy", "weighting: equal, ", "", "15:1 federation.weighting", "write 'weighting: equal'"),
        DpRule("per-site metrics under privacy", "{every: 6}", "{every: 6, per-site: true}", "14:24 evaluation.per-site", "a site's own metrics are not released"),
        DpRule("evaluation without noise", "    evaluation: {noise-multiplier: 8, bins: 32}", "", "18:3 privacy.dp.evaluation", "say with which noise"),
        DpRule("standardised by what patients have", ", constants: {mean: 54.5, sd: 9.25}", "", "10:7 data.features[0].constants", "give mean and sd"),
        DpRule("mean of patients", "constants: {mean: 54.5, sd: 9.25}", "scale: none", "10:7 data.features[0].constants", "The mean of 'age' would be learned from patients"),
        DpRule("norm below the least", "clipping-norm: 0.5", "clipping-norm: 0.0625", "21:5 privacy.dp.clipping-norm", "within [0.125, 3]"),
        DpRule("norm above the greatest", "clipping-norm: 0.5", "clipping-norm: 4", "21:5 privacy.dp.clipping-norm", "within [0.125, 3]"),
        DpRule("count that costs as much as all", "deviation: 10", "deviation: 0.625", "25:42 privacy.dp.adaptive.deviation", "greater than half of the noise multiplier"),
        DpRule("part of the noise without masks", "secure}\ntraining: {optimizer: sgd, learning-rate: 0.5, local-steps: 5}\nprivacy:\n  dp:\n    placement: site", "plain}\ntraining: {local-steps: 1}\nprivacy:\n  dp:\n    placement: distributed", "19:5 privacy.dp.placement", "protects nobody but under the masks of secure aggregation"),
        DpRule("the coordinator's noise without masks", "secure}\ntraining: {optimizer: sgd, learning-rate: 0.5, local-steps: 5}\nprivacy:\n  dp:\n    placement: site", "plain}\ntraining: {local-steps: 1}\nprivacy:\n  dp:\n    placement: central", "19:5 privacy.dp.placement", "Noise that the coordinator adds protects nobody"),
        DpRule("the coordinator's noise over steps", "placement: site", "placement: central", "16:48 training.local-steps", "no noise protects"),
        DpRule("part of the noise over steps", "placement: site", "placement: distributed", "16:48 training.local-steps", "a round is one step"),
        DpRule("part of the noise under a count", "5}\nprivacy:\n  dp:\n    placement: site", "1}\nprivacy:\n  dp:\n    placement: distributed", "25:5 privacy.dp.adaptive", "the count would have a part of its noise only"),
        DpRule("part of the noise with adam", "sgd, learning-rate: 0.5, local-steps: 5}\nprivacy:\n  dp:\n    placement: site", "adam, learning-rate: 0.5, local-steps: 1}\nprivacy:\n  dp:\n    placement: distributed", "16:12 training.optimizer", "write 'optimizer: sgd'"),
    ];

    private static Case Number(string title, string from, string to, string place, string says, bool structural = false) => new(title, from, to, place, says, Structural: structural) { OfNumber = true };

    private static Case Dp(string title, string from, string to, string place, string says) => new(title, from, to, place, says) { Private = true };

    private static Case DpRule(string title, string from, string to, string place, string says) => new(title, from, to, place, says, Structural: false) { Private = true };

    public static TheoryData<int> Numbers => [.. Enumerable.Range(0, All.Length)];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void CheckYaml_oneThingWrong_isSaidWhereAndHowToMendIt(int number)
    {
        var wrong = All[number];

        var check = StudyChecker.CheckYaml(wrong.Yaml);

        Assert.Null(check.Study);
        Assert.Contains(check.Faults, fault => $"{fault.Line}:{fault.Column} {fault.Path}" == wrong.Place && fault.Message.Contains(wrong.Says, StringComparison.Ordinal)
            ? true
            : throw new Xunit.Sdk.XunitException($"{wrong.Title}: expected {wrong.Place} '{wrong.Says}', found\n{string.Join('\n', check.Faults)}"));
    }

    [Fact]
    public void CheckYaml_manyThingsWrong_areAllSaidInTheOrderOfTheText()
    {
        var check = StudyChecker.CheckYaml("""
            protocol: 1
            name: Wrong
            titel: A study
            purpose: To be wrong
            ethics: 5
            data:
              dataset: rows
              features:
                - {name: age, range: [120, 0]}
                - {name: pain, type: category, levels: [1, 2], missing: mean}
                - {name: age, range: [0, 1], unit: "not a unit"}
              label: {name: outcome, above: high}
            model: {kind: mlp, hidden: [0]}
            training: {local-epochs: 1, local-steps: 1}
            federation: {rounds: 5, sites: [a, b], required: [c], quorum: 3, aggregation: plain, deadline: soon}
            """);

        Assert.Equal(
            ["title", "name", "titel", "ethics", "data.features[0].range", "data.features[1].missing", "data.features[2].name", "data.features[2].unit", "data.label.above",
             "model.hidden[0]", "training.local-epochs", "federation.required", "federation.quorum", "federation.deadline"],
            check.Faults.Select(fault => fault.Path));
        Assert.All(check.Faults, fault => Assert.True(fault.Line > 0 && fault.Column > 0));
    }

    [Theory]
    [InlineData("protocol: 1\nname: [", "3:1", "not valid YAML")]
    [InlineData("protocol: 1\n\tname: x", "1:11", "not valid YAML")]
    [InlineData("", "0:0", "empty")]
    [InlineData("# only a comment\n", "0:0", "empty")]
    [InlineData("- protocol: 1", "1:1", "here is a list")]
    [InlineData("protocol: 1\nprotocol: 1", "2:1", "there twice (first in line 1)")]
    [InlineData("protocol: 1\nname: &x a\n", "2:7", "anchors are not allowed")]
    [InlineData("protocol: 1\nname: &x a\ntitle: *x\n", "3:8", "aliases are not allowed")]
    [InlineData("protocol: 1\nname: !!str a\n", "2:7", "tags are not allowed")]
    [InlineData("protocol: 1\nmodel: !Some.Type {kind: mlp}\n", "2:8", "tags are not allowed")]
    [InlineData("protocol: 1\n<<: {name: a}\n", "2:1", "Merge keys")]
    [InlineData("protocol: 1\n? [a]\n: b\n", "2:3", "A key is a word")]
    [InlineData("protocol: 1\n7: b\n", "2:1", "A key is a word")]
    [InlineData("%YAML 1.1\n---\nprotocol: 1\n", "1:1", "Directives")]
    [InlineData("protocol: 1\n---\nprotocol: 1\n", "2:1", "second document")]
    [InlineData("a: [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "1:20", "nest deeper than 16")]
    public void CheckYaml_yamlThatIsNotPlain_isAFault(string yaml, string place, string says)
    {
        var faults = StudyChecker.CheckYaml(yaml).Faults;

        Assert.True(
            faults.Any(fault => $"{fault.Line}:{fault.Column}" == place && fault.Message.Contains(says, StringComparison.Ordinal)),
            $"expected {place} '{says}', found\n{string.Join('\n', faults)}");
    }
}
