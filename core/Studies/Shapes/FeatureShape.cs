using System.Text.Json.Nodes;
using static FederatedClinicalMl.Studies.NumberShape;

namespace FederatedClinicalMl.Studies;

/// <summary>A feature definition: every key, its type, range, default and meaning. Library files and studies are checked by this.</summary>
internal static class FeatureShape
{
    /// <summary>The format that this software reads.</summary>
    public const int Format = 1;

    /// <summary>Kinds of events, as they are written.</summary>
    public static readonly WordShape EventTypes = new(
        ("condition", "diagnoses and problems"), ("observation", "measurements, vital signs, answers"), ("medication", "medications, ordered or given"),
        ("procedure", "procedures"), ("encounter", "stays and visits"), ("death", "death"));

    /// <summary>Keys that say which events count.</summary>
    public static readonly Field[] Events =
    [
        new("of", new ListShape(EventTypes, 1, 6, Unique: true, Sorted: true), "Kinds of events that count.", Required: true),
        new("codes", new CodeSetShape(), "Codes of which an event must have one. Codes that mean the same in several systems stand together, so that sites with different systems compute the same. In the ICD systems I21* is every code that begins so. Without it every event of the kind counts."),
    ];

    /// <summary>Key that says which time counts.</summary>
    public static readonly Field Window = new("window", new MapShape(
        new Field("from", new WordOrSpanShape("ever", "as far back as there are events"), "How long before the prediction the window begins; the moment itself is outside.", "ever"),
        new Field("to", new SpanShape(FromZero: true), "How long before the prediction it ends; the moment itself is inside.", "0d")),
        "The time before the prediction that counts.", new JsonObject());

    private static readonly Field s_range = new("range", new IntervalShape(), "Least and greatest plausible value of the feature. A value outside counts as missing, and is counted.", Required: true);

    private static readonly Field s_grid = new("grid", new MapShape(
        new Field("step", new SpanShape(FromZero: false), "Length of one step.", Required: true),
        new Field("steps", Integer(2, 256), "Number of steps; the first is the latest.", Required: true)),
        "A sequence on a regular grid: one feature for each step, named name-1, name-2 and so on, each over its own part of the time before the window's end. The window's beginning is then the grid's.");

    private static readonly VariantShape s_value = new("kind", "How the value is computed.", null,
        ("number", "an aggregate of numbers", new MapShape([
            .. Events, Window,
            new("aggregate", new WordShape(
                ("last", "the latest"), ("first", "the earliest"), ("mean", "arithmetic mean"), ("min", "the least"), ("max", "the greatest"),
                ("sd", "sample standard deviation, of at least two"), ("slope", "slope of the least-squares line over time, per day, of at least two")), "What is made of the numbers.", "last"),
            new("unit", TextShape.Unit, "UCUM unit into which every number is converted; a number in a unit that cannot be converted is not used, and is counted.", Required: true),
            new("plausible", new IntervalShape(), "Least and greatest plausible number, in the unit. One outside is not used, and is counted.", Required: true),
            new("range", new IntervalShape(), "Least and greatest plausible value of the feature, where that is another than a number's: needed for sd and slope, for which it is in the unit, and in the unit per day."),
            new("molar-mass", new NumberShape(0, 1e6, AboveMinimum: true), "In g/mol: by it mass and substance concentrations are converted into each other. Without it such numbers are not used."),
            new("conversion", TextShape.Identifier, "A named rule that is allowed besides factors, such as hba1c-ngsp-ifcc."),
            s_grid])),
        ("count", "how many events; never missing", new MapShape([.. Events, Window, s_range, s_grid])),
        ("ever", "1 where there is an event, else 0; never missing", new MapShape([.. Events, Window, s_grid])),
        ("time-since", "days from the latest event to the prediction", new MapShape([.. Events, Window, s_range])),
        ("coded", "the level of the latest coded value", new MapShape([
            .. Events, Window,
            new("levels", new ListShape(new MapShape(
                new Field("level", Any, "The number that stands for the level.", Required: true),
                new Field("codes", new CodeSetShape(), "Codes of the value that mean it.", Required: true)), 2, 64), "The levels, in the order of the model's inputs.", Required: true)])),
        ("age", "completed years from birth to the prediction", new MapShape([s_range])),
        ("sex", "1 male, 0 female; missing for anything else", new MapShape()),
        ("news2", "National Early Warning Score 2 (Royal College of Physicians 2017), of the latest of all seven components in the window", new MapShape([Window])));

    /// <summary>A whole definition.</summary>
    public static MapShape Definition { get; } = new(
        new("feature", new NumberChoiceShape(Format), "Format of the definition.", Required: true),
        new("name", TextShape.Identifier, "Name of the feature; also the name of the model's ONNX input.", Required: true),
        new("version", Integer(1, 1_000_000), "Goes up with every change: models refer to the version with which they were trained.", Required: true),
        new("title", TextShape.Line(200), "One line for people.", Required: true),
        new("meaning", TextShape.Prose(2000), "What it means clinically, and what it does not.", Required: true),
        new("owner", TextShape.Line(200), "Who answers for the definition.", Required: true),
        new("value", s_value, "How it is computed.", Required: true),
        new("missing", Missing, "What happens where the value is missing or implausible; a study may say otherwise.", "exclude-row"),
        new("indicator", new BooleanShape(), "Whether the model gets a second input that is 1 where the value is missing. That a test was not made often says more than its result.", false));

    /// <summary>What happens where a value is missing.</summary>
    public static WordOrMapShape Missing => new(
        new(("mean", "the mean of the training rows takes its place"), ("no-level", "of a coded value: the input of every level is 0"), ("exclude-row", "the row is left out, and counted")),
        new(new Field("value", Any, "The value that takes its place, in the unit.", Required: true)));
}

/// <summary>A span, or a word for what a span cannot say.</summary>
/// <param name="Word">The word.</param>
/// <param name="Meaning">What it means.</param>
internal sealed record WordOrSpanShape(string Word, string Meaning) : Shape
{
    private static readonly SpanShape s_span = new(FromZero: false);

    public override string Expectation => $"A time such as 12h or 365d, or the word {Word} ({Meaning}),";

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) =>
        node is DeclaredText { Value: var text } && text == Word ? JsonValue.Create(text) : s_span.Check(node, path, faults);

    public override JsonObject Schema() => new() { ["oneOf"] = new JsonArray(new WordShape((Word, Meaning)).Schema(), s_span.Schema()) };
}
