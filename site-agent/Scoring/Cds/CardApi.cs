using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// The service for an EHR that speaks CDS Hooks 2.0 (HL7, https://cds-hooks.hl7.org/2.0/): one service for each line whose features come of FHIR resources, at the hook patient-view, one card. Where
/// there is no score the card says why: a clinician's work is not held up by an error.
/// </summary>
internal static class CardApi
{
    /// <summary>Where the services are.</summary>
    public const string Path = "/cds-services";

    private const string Json = "application/json";
    private const int LongestSummary = 140;

    private static readonly (EventType Type, string Name, string Query)[] s_resources =
    [
        (EventType.Condition, "conditions", "Condition"), (EventType.Observation, "observations", "Observation"), (EventType.Medication, "medications", "MedicationRequest"),
        (EventType.Procedure, "procedures", "Procedure"), (EventType.Encounter, "encounters", "Encounter"),
    ];

    /// <summary>Maps the calls.</summary>
    public static void MapCards(this WebApplication app)
    {
        var cards = app.MapGroup(Path).AddEndpointFilter(ScoringApi.Refusals).WithTags("cds-hooks").ProducesProblem(StatusCodes.Status401Unauthorized);
        cards.MapGet("", (ServingShelf shelf) => Results.Json(
                new CardServices([.. shelf.Lines.Values.Where(line => line.TakesBundles).OrderBy(line => line.Name, StringComparer.Ordinal).Select(ServiceOf)]), ScoringJson.Default.CardServices))
            .WithName("discoverServices").WithSummary("The services, and what the EHR is to send along.").Produces<CardServices>();
        cards.MapPost("/{line}", AnswerAsync)
            .WithName("callService").WithSummary("A card with the score of the patient whose chart was opened.").Accepts<HookCall>(Json).Produces<CardAnswer>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        cards.MapPost("/{line}/feedback", FeedbackAsync)
            .WithName("tellFeedback").WithSummary("What clinicians did with cards.").Accepts<FeedbackCall>(Json).Produces(StatusCodes.Status200OK)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static CardService ServiceOf(ServingLine line)
    {
        var values = line.Units.SelectMany(unit => unit.Unit.Loaded?.Features ?? []).Select(feature => feature.Source?.Value).OfType<FeatureValue>().ToList();
        var types = values.SelectMany(TypesOf).ToHashSet();
        var prefetch = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        prefetch.Add("patient", "Patient/{{context.patientId}}");
        foreach (var (_, name, query) in s_resources.Where(resource => types.Contains(resource.Type) || resource.Type == EventType.Encounter)) // encounters say when what belongs to them was known
            prefetch.Add(name, $"{query}?patient={{{{context.patientId}}}}");
        var title = line.Units.Select(unit => unit.Unit.Loaded?.Study.Title).FirstOrDefault(known => known is not null) ?? line.Name;
        return new CardService("patient-view", title, $"The score of the model {line.Name} for the patient, with its version.", line.Name, prefetch.ToImmutable());
    }

    private static IEnumerable<EventType> TypesOf(FeatureValue value) => value switch
    {
        NumberValue number => number.Events.Of,
        CountValue count => count.Events.Of,
        EverValue ever => ever.Events.Of,
        TimeSinceValue since => since.Events.Of,
        CodedValue coded => coded.Events.Of,
        News2Value => [EventType.Observation],
        _ => [],
    };

    private static async Task<IResult> AnswerAsync(string line, HttpContext context, ServingShelf shelf, CardReader reader, Scorer scorer, TimeProvider time)
    {
        var served = ScoringApi.Find(shelf, line);
        using var document = await ScoreReader.ParseAsync(context.Request.Body, context.RequestAborted);
        var (row, why) = reader.Read(document.RootElement);
        var afterwards = new List<Action>();
        var answer = row is not null ? scorer.Score(served, row, afterwards)
            : new ScoreAnswer { Prediction = PredictionLog.NewId(time.GetUtcNow()), Reason = new NoScore("bundle", why!) };
        context.DoAfterwards(afterwards);
        return Results.Json(new CardAnswer([CardOf(served, answer)]), ScoringJson.Default.CardAnswer);
    }

    private static async Task<IResult> FeedbackAsync(string line, HttpContext context, ServingShelf shelf, PredictionDesk desk)
    {
        var served = ScoringApi.Find(shelf, line);
        using var document = await ScoreReader.ParseAsync(context.Request.Body, context.RequestAborted);
        desk.Append(CardReader.ReadFeedback(served.Name, document.RootElement));
        return Results.Ok();
    }

    /// <summary>The card of an answer.</summary>
    internal static Card CardOf(ServingLine line, ScoreAnswer answer)
    {
        var study = line.Units.FirstOrDefault(unit => unit.Unit.Version.ToString() == answer.Version).Unit?.Loaded?.Study;
        var title = study?.Title ?? line.Name;
        var summary = answer.Given is not { IsNone: false } score ? $"No score - {title}" : score.IsNumber && study is not null ? $"Predicted {study.Data.Label.Name}: {score.Text} - {title}" : $"{score.Text} - {title}";
        string?[] lines =
        [
            answer.Reason?.Text,
            answer.Reached is { } point ? string.Create(CultureInfo.InvariantCulture, $"Operating point: {point.Name}, from {point.Threshold * 100:0.##} % on.{(point.Meaning is { } meaning ? $" {meaning}" : "")}") : null,
            answer.Missing.IsEmpty ? null : $"No value of: {string.Join(", ", answer.Missing)}.",
            answer.Implausible.IsEmpty ? null : $"Implausible, and not used: {string.Join(", ", answer.Implausible)}.",
            answer.RefusedEntries == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{answer.RefusedEntries} resources could not be read."),
            answer.Version is null ? null : $"Model {line.Name}, version {answer.Version} ({answer.Mode}).",
        ];
        return new Card(
            CardIds.UuidOf(answer.Prediction), summary.Length <= LongestSummary ? summary : string.Concat(summary.AsSpan(0, LongestSummary - 1), "…"), string.Join("\n\n", lines.OfType<string>()),
            (answer.Reached?.Indicator ?? ScoreIndicator.Info).ToString().ToLowerInvariant(),
            new CardSource(answer.Version is null ? line.Name : $"{line.Name} {answer.Version}"));
    }
}
