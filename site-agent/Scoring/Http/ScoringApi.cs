namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>The REST surface: docs/reference/scoring.md, and the OpenAPI document that is served.</summary>
internal static class ScoringApi
{
    private const string Json = "application/json";

    /// <summary>Maps the calls.</summary>
    public static void MapScoring(this WebApplication app)
    {
        var models = app.MapGroup("/v1/models").AddEndpointFilter(Refusals).WithTags("models").ProducesProblem(StatusCodes.Status401Unauthorized).ProducesProblem(StatusCodes.Status429TooManyRequests);
        models.MapGet("", (ServingShelf shelf) => Results.Json(
                new LinesView([.. shelf.Lines.Values.OrderBy(line => line.Name, StringComparer.Ordinal).Select(line => Views.Of(line, features: false))]), ScoringJson.Default.LinesView))
            .WithName("listModels").WithSummary("Every line of models at this site.").Produces<LinesView>();
        models.MapGet("/{line}", (string line, ServingShelf shelf) => Results.Json(Views.Of(Find(shelf, line), features: true), ScoringJson.Default.LineView))
            .WithName("showModel").WithSummary("One line: its versions, and the features that they take, with their units.").Produces<LineView>().ProducesProblem(StatusCodes.Status404NotFound);
        models.MapPost("/{line}/score", ScoreAsync)
            .WithName("score").WithSummary("Scores patients.").Accepts<ScoreCall>(Json).Produces<ScoreAnswer>().ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        models.MapPost("/{line}/stop", StopAsync)
            .WithName("stop").WithSummary("Stops a line at this site at once: the clinician's stop button.").Accepts<StopCall>(Json).Produces<LineView>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        models.MapPost("/{line}/outcomes", OutcomesAsync)
            .WithName("outcomes").WithSummary("Tells what came about, for the performance of versions at this site.").Accepts<OutcomesCall>(Json).Produces<JoinedView>()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);

        var health = app.MapGroup("/health").WithTags("health");
        health.MapGet("/live", () => Results.Text("live")).WithName("live").WithSummary("Whether the process answers at all.");
        health.MapGet("/ready", (ServingShelf shelf, PredictionDesk desk) => Views.Health(shelf, desk) is var view
                ? Results.Json(view, ScoringJson.Default.HealthView, statusCode: view.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable) : null)
            .WithName("ready").WithSummary("Whether scores can be had, and which line has none and why.").Produces<HealthView>().Produces<HealthView>(StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>The line of a name.</summary>
    /// <exception cref="CallRefusedException">There is none.</exception>
    internal static ServingLine Find(ServingShelf shelf, string line) =>
        shelf.Lines.GetValueOrDefault(line) ?? throw new CallRefusedException(StatusCodes.Status404NotFound, "There is no such model at this site. GET /v1/models lists those that there are.");

    /// <summary>Turns refusals into answers.</summary>
    internal static async ValueTask<object?> Refusals(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (CallRefusedException refused)
        {
            return Results.Problem(refused.Message, statusCode: refused.Status);
        }
    }

    private static async Task<IResult> ScoreAsync(string line, HttpContext context, ServingShelf shelf, ScoreReader reader, Scorer scorer)
    {
        var served = Find(shelf, line);
        var (rows, isList) = await reader.ReadAsync(context.Request.Body, served, context.RequestAborted);
        var afterwards = new List<Action>();
        var answers = rows.Select(row => scorer.Score(served, row, afterwards)).ToList();
        context.DoAfterwards(afterwards);
        return isList ? Results.Json(new ScoreAnswers([.. answers]), ScoringJson.Default.ScoreAnswers) : Results.Json(answers[0], ScoringJson.Default.ScoreAnswer);
    }

    private static async Task<IResult> OutcomesAsync(string line, HttpContext context, ServingShelf shelf, OutcomeDesk desk)
    {
        var served = Find(shelf, line);
        using var document = await ScoreReader.ParseAsync(context.Request.Body, context.RequestAborted);
        var results = await desk.JoinAsync(served, OutcomeReader.Read(document.RootElement), context.RequestAborted);
        return Results.Json(
            new JoinedView(results.Count(result => result == Joining.Joined), results.Count(result => result == Joining.Known), results.Count(result => result == Joining.Unknown)),
            ScoringJson.Default.JoinedView);
    }

    /// <summary>Does something once the answer was sent.</summary>
    internal static void DoAfterwards(this HttpContext context, List<Action> afterwards)
    {
        if (afterwards.Count == 0)
            return;
        context.Response.OnCompleted(() =>
        {
            foreach (var action in afterwards)
                action();
            return Task.CompletedTask;
        });
    }

    private static async Task<IResult> StopAsync(string line, HttpContext context, ServingShelf shelf)
    {
        var served = Find(shelf, line);
        using var document = await ScoreReader.ParseAsync(context.Request.Body, context.RequestAborted);
        served.Stop(context.Client(), ScoreReader.Text(ScoreReader.Object(document.RootElement, "The call"), "reason", WithdrawalStore.LongestText));
        return Results.Json(Views.Of(served, features: false), ScoringJson.Default.LineView);
    }
}
