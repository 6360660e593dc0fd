using System.Text.Json.Nodes;
using static FederatedClinicalMl.Studies.NumberShape;

namespace FederatedClinicalMl.Studies;

/// <summary>A cohort over clinical events: who is in it, from when on, and what is predicted.</summary>
internal static class CohortShape
{
    private static readonly Field s_occurrence = new("occurrence", new WordShape(("first", "the patient's first"), ("last", "the patient's last"), ("each", "every one, at least 'gap' apart")),
        "Which of a patient's index events make a row.", "first");

    private static readonly Field s_gap = new("gap", new SpanShape(FromZero: true), "With 'occurrence: each': least time from one of a patient's rows to the next.", "0d");

    private static readonly Field s_codes = new("codes", new CodeSetShape(), "Codes of which the event must have one.", Required: true);

    private static readonly VariantShape s_index = new("event", "What makes a row.", null,
        ("encounter", "a stay or a visit", new MapShape([
            new("codes", new CodeSetShape(), "Classes or types of which the encounter must have one, such as {act-code: [IMP]}. Without it every encounter."),
            new("at", new WordShape(("start", "its start"), ("end", "its end")), "Which moment of it is the index.", "start"), s_occurrence, s_gap])),
        ("condition", "a diagnosis; counts from the moment at which it was recorded", new MapShape([s_codes, s_occurrence, s_gap])),
        ("procedure", "a procedure; counts from the moment at which it was known", new MapShape([s_codes, s_occurrence, s_gap])),
        ("medication", "a medication", new MapShape([s_codes, s_occurrence, s_gap])),
        ("observation", "a measurement; counts from the moment at which it was known", new MapShape([s_codes, s_occurrence, s_gap])),
        ("age", "a birthday", new MapShape([new("years", Integer(0, 120), "Which.", Required: true)])),
        ("date", "one day for everybody", new MapShape([new("date", new DateShape(), "The day; its end, by the hospital's clock.", Required: true)])));

    private static readonly ListShape s_criteria = new(new VariantShape("kind", "What is asked.", null,
        ("age", "completed years at the prediction", new MapShape([Name, new("range", new IntervalShape(), "From the first to below the second.", Required: true)])),
        ("sex", "sex", new MapShape([Name, new("is", new WordShape(("female", "female"), ("male", "male")), "Which.", Required: true)])),
        ("events", "there is an event that was known at the prediction", new MapShape([Name, .. FeatureShape.Events, FeatureShape.Window])),
        ("history", "time from the patient's first event to the prediction", new MapShape([Name, new("at-least", new SpanShape(FromZero: false), "How long.", Required: true)]))), 0, 64);

    /// <summary>The key <c>constants</c> of an outcome that is a number.</summary>
    public static readonly Field OutcomeConstants = new("constants", new MapShape(
        new Field("mean", Any, "Mean, in the unit.", Required: true),
        new Field("sd", new NumberShape(0, double.MaxValue, AboveMinimum: true), "Standard deviation, in the unit.", Required: true)),
        "About what mean and deviation outcomes have, from the literature: the model learns (outcome - mean)/sd. Without them the middle of the range and a quarter of its width.");

    private static readonly Field[] s_outcome =
    [
        new("name", TextShape.Column, "Name of what is predicted.", Required: true),
        .. FeatureShape.Events,
        new("after", new SpanShape(FromZero: true), "How long after the prediction the horizon begins; the moment itself is outside.", "0d"),
        new("within", new SpanShape(FromZero: false), "How long after the prediction it ends; the moment itself is inside.", Required: true),
        new("follow-up", new WordShape(
            ("required", "a row without the outcome counts as negative, and events are counted, only where the patient has an event at or after the end of the horizon, or died; else it is left out, and counted"),
            ("assumed", "a row without the outcome is negative, and no more events happened than are known")),
            "What a row without the outcome means. Patients who moved away are no negatives. Of a number that is measured it has no effect: rows without one are left out, whoever was followed up.", "required"),
    ];

    private static readonly Field s_number = new("number", new MapShape(
        new("aggregate", new WordShape(
            ("last", "the latest number in the horizon"), ("first", "the earliest"), ("mean", "arithmetic mean"), ("min", "the least"), ("max", "the greatest"), ("count", "how many events there are")),
            "What is made of the events. Rows without a number are left out, and counted.", "last"),
        new("unit", TextShape.Unit, "UCUM unit of the outcome, into which every number is converted; one in a unit that cannot be converted is not used.", Required: true),
        new("range", new IntervalShape(), "Least and greatest plausible outcome, in the unit. A number outside is not used, and no prediction lies outside.", Required: true),
        new("molar-mass", new NumberShape(0, 1e6, AboveMinimum: true), "In g/mol: by it mass and substance concentrations are converted into each other. Without it such numbers are not used."),
        new("conversion", TextShape.Identifier, "A named rule that is allowed besides factors, such as hba1c-ngsp-ifcc."),
        OutcomeConstants),
        "With it the number is predicted that the events make, not whether there is one.");

    private static Field Name => new("name", TextShape.Line(100), "What the flow table calls it.", Required: true);

    /// <summary>The whole cohort.</summary>
    public static MapShape Whole { get; } = new(
        new("index", s_index, "The event from which a row is counted.", Required: true),
        new("prediction-after", new SpanShape(FromZero: true), "How long after the index the prediction is made. Nothing that was not known by then is used.", "0d"),
        new("include", s_criteria, "Who must fulfil what, in this order.", new JsonArray()),
        new("exclude", s_criteria, "Who must not fulfil what, in this order, after that.", new JsonArray()),
        new("outcome", new MapShape([.. s_outcome, s_number]),
            "What is predicted: whether one of these events happens within a horizon, or, with 'number', a number that they make.", Required: true));
}
