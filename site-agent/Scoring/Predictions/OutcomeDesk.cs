using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>What a caller says came about.</summary>
/// <param name="Patient">Pseudonym.</param>
/// <param name="Prediction">Id of the prediction; null: the latest one of the patient at or before <paramref name="At"/>.</param>
/// <param name="At">When it came about.</param>
/// <param name="Came">1: the positive outcome, 0: not; where a number is predicted, the number.</param>
internal sealed record ToldOutcome(string Patient, string? Prediction, DateTimeOffset? At, double Came);

/// <summary>What became of what a caller said: joined, known (it was said before), or unknown (there is no such prediction that is still kept).</summary>
internal enum Joining
{
    Joined,
    Known,
    Unknown,
}

/// <summary>
/// Joins outcomes to predictions, out of the log: to the answer, and to what a shadow came to for the same row. A prediction has one outcome; what is said of it again is not taken. Versions whose
/// outcomes are beyond the bounds are taken out of use.
/// </summary>
internal sealed class OutcomeDesk(PredictionDesk desk, ServingShelf shelf, int keepDays, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1); // one call at a time reads the log and adds to it
    private readonly HashSet<string> _joined = new(StringComparer.Ordinal);

    /// <summary>Takes up what was joined before: which predictions have an outcome, and how each version on the shelf has done since its line was resumed last.</summary>
    /// <exception cref="InvalidDataException">A file of the log was changed.</exception>
    public void Recover()
    {
        foreach (var outcome in desk.Log.Days(PredictionLog.Outcomes).SelectMany(desk.Log.ReadOutcomes))
        {
            _joined.Add(outcome.Prediction);
            if (!(outcome.Told <= shelf.ResumedAt(outcome.Line)))
                UnitOf(outcome)?.Outcomes.Add(outcome.Score.Output, outcome.Came);
        }
    }

    /// <summary>Joins outcomes to the predictions of a line; returns once they are durable and what follows from them is.</summary>
    /// <exception cref="CallRefusedException">One of them is nothing that can come of what was predicted: none was joined.</exception>
    /// <exception cref="IOException">The disk refused: nothing was joined that is not durable.</exception>
    public async Task<ImmutableArray<Joining>> JoinAsync(ServingLine line, ImmutableArray<ToldOutcome> told, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel);
        try
        {
            await desk.FlushAsync(cancel); // what was answered a moment ago
            var found = Find(desk.Log, line.Name, told);
            foreach (var (index, outcome) in told.Index())
                Require(line, found.GetValueOrDefault(index), outcome.Came, index);
            var joined = new List<Outcome>();
            var results = ImmutableArray.CreateBuilder<Joining>(told.Length);
            foreach (var (index, outcome) in told.Index())
            {
                if (!found.TryGetValue(index, out var predictions))
                    results.Add(Joining.Unknown);
                else if (!_joined.Add(predictions[0].Id))
                    results.Add(Joining.Known);
                else
                    Join(predictions, outcome.Came);
            }

            try
            {
                desk.Append(joined, outcome => UnitOf(outcome)?.Loaded);
            }
            catch
            {
                foreach (var outcome in joined)
                    _joined.Remove(outcome.Prediction);
                throw;
            }

            Judge(line, joined);
            return results.ToImmutable();

            // A shadow that predicts something else than what was answered learns nothing by it.
            void Join(List<Prediction> predictions, double came)
            {
                var (answer, now) = (AnswerOf(predictions).Score, time.GetUtcNow());
                joined.AddRange(predictions.Where(prediction => !prediction.Score.IsNone && prediction.Score.Unit == answer.Unit && MayCome(LabelsOf(prediction), came))
                    .Select(prediction => new Outcome(prediction.Id, prediction.Line, prediction.Version, prediction.Model, prediction.Score, came, now)
                    {
                        IsOfShadow = prediction.Mode == ServingLine.ShadowMode,
                        Groups = prediction.Groups,
                    }));
                results.Add(Joining.Joined);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    // The predictions of each outcome that has any, each day's file read once, the newest first: those of an id, or else of the patient's latest answer before the outcome. What was made on earlier days was made as of
    // earlier moments, so that they are not read for an outcome whose answer is as of the day on which it was made.
    private Dictionary<int, List<Prediction>> Find(PredictionLog log, string line, ImmutableArray<ToldOutcome> told)
    {
        var found = new Dictionary<int, List<Prediction>>();
        var byId = told.Index().Where(item => item.Item.Prediction is not null).ToLookup(item => item.Item.Prediction!, item => item.Index, StringComparer.Ordinal);
        var byPatient = told.Index().Where(item => item.Item.Prediction is null).ToLookup(item => item.Item.Patient, item => item.Index, StringComparer.Ordinal);
        var first = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime).AddDays(-keepDays);
        var open = byPatient.SelectMany(indices => indices).ToHashSet();
        foreach (var day in log.Days(PredictionLog.Predictions).Reverse().Where(day => day >= first && (open.Count > 0 || byId.Any(id => PredictionLog.DayOfId(id.Key) == day))))
        {
            foreach (var prediction in log.Read(day).Where(prediction => prediction.Line == line))
            {
                foreach (var index in byId[prediction.Id].Where(index => told[index].Patient == prediction.Patient))
                    Of(index).Add(prediction);
                foreach (var index in byPatient[prediction.Patient].Where(index => open.Contains(index) && prediction.At <= told[index].At))
                    Latest(Of(index), prediction);
            }

            var began = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
            open.RemoveWhere(index => found.TryGetValue(index, out var list) && list[0].At >= began);
        }

        return found;

        List<Prediction> Of(int index) => found.TryGetValue(index, out var list) ? list : found[index] = [];

        // A shadow has the id of its answer and comes with it, before or after.
        static void Latest(List<Prediction> list, Prediction prediction)
        {
            if (list.Count > 0 && list[0].Id != prediction.Id)
            {
                if (prediction.At <= list[0].At)
                    return;
                list.Clear();
            }

            list.Add(prediction);
        }
    }

    private void Require(ServingLine line, List<Prediction>? predictions, double came, int index)
    {
        var labels = predictions is not null ? LabelsOf(AnswerOf(predictions)) : [.. line.Units.Where(unit => unit.Unit.Loaded is not null).Select(unit => unit.Unit.Loaded!.Study.Data.Label).DistinctBy(label => label.Number)];
        if (!MayCome(labels, came))
        {
            throw new CallRefusedException(StatusCodes.Status400BadRequest, string.Create(CultureInfo.InvariantCulture,
                $"'outcome' of item {index + 1} must be {string.Join(" or ", labels.Select(Words))}. Nothing of the call was taken."));
        }

        static string Words(Label label) => label.Number is { } number ? string.Create(CultureInfo.InvariantCulture, $"{label.Name}, a number from {number.Minimum} to {number.Maximum} ({number.Unit})") : "0 or 1";
    }

    // Of what the outcome may be: none is known of a version that is not on the shelf any more, but for whether it was a number.
    private ImmutableArray<Label> LabelsOf(Prediction prediction) =>
        shelf.UnitOf(prediction.Line, prediction.Model)?.Loaded is { } model ? [model.Study.Data.Label] : prediction.Score.IsNumber ? [] : [new Label("", 0)];

    private static bool MayCome(ImmutableArray<Label> labels, double came) => labels.IsEmpty || labels.Any(label => label.Number?.IsPlausible(came) ?? came is 0 or 1);

    private static Prediction AnswerOf(List<Prediction> predictions) => predictions.Find(prediction => prediction.Mode != ServingLine.ShadowMode) ?? predictions[0];

    // A candidate is held against production's outcomes here, as soon as there are enough of them, where both predict the same; else every version against its own evaluation by the consortium.
    private void Judge(ServingLine line, List<Outcome> joined)
    {
        foreach (var outcome in joined)
            UnitOf(outcome)?.Outcomes.Add(outcome.Score.Output, outcome.Came);
        var units = line.Units;
        var production = units.FirstOrDefault(unit => unit.Role == ServingLine.Production).Unit;
        foreach (var (role, unit) in units.Where(unit => joined.Any(outcome => outcome.Model == unit.Unit.Model)))
        {
            var isCandidate = role is not (ServingLine.Production or ServingLine.Fallback);
            var here = isCandidate && production?.Loaded?.Unit == unit.Loaded?.Unit ? production?.Outcomes.Quality()?.Value : null;
            if (unit.Outcomes.Verdict(here ?? unit.Loaded?.Reference) is { } reason)
                line.Withdraw(unit, reason);
        }
    }

    // Nothing is learned of an outcome that cannot come of what the version predicts: it was taken while nobody here could know what that is.
    private ServedUnit? UnitOf(Outcome outcome) =>
        shelf.UnitOf(outcome.Line, outcome.Model) is { } unit && (unit.Loaded is not { } model || MayCome([model.Study.Data.Label], outcome.Came)) ? unit : null;
}
