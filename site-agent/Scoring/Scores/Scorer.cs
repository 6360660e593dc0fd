using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Scores a row by the first version that can, writes it down, and counts how it went. What a version that came before in turn failed at is asked of the next one.</summary>
internal sealed class Scorer(PredictionDesk desk, ShadowQueue shadows, TimeProvider time, ILogger log)
{
    /// <summary>Scores a row.</summary>
    /// <param name="line">The line.</param>
    /// <param name="row">The row.</param>
    /// <param name="afterwards">Takes what is to be done once the answer was sent.</param>
    public ScoreAnswer Score(ServingLine line, ScoreRow row, List<Action> afterwards)
    {
        var (began, made) = (time.GetTimestamp(), time.GetUtcNow());
        var id = PredictionLog.NewId(made);
        var choice = line.Choose(row.Patient);
        foreach (var arm in choice.Arms)
        {
            if (Run(line, arm, row, id, began, made) is not { } run)
                continue;
            if (!desk.TryAdd(run.Prediction))
                return new ScoreAnswer { Prediction = id, Reason = NoScore.Unlogged };
            if (choice.Shadow is { } shadow)
                afterwards.Add(() => shadows.Add(row.Size, () => InTheShadow(line, shadow, row, id)));
            return run.Answer;
        }

        return new ScoreAnswer { Prediction = id, Reason = choice.Why ?? NoScore.Failed };
    }

    private void InTheShadow(ServingLine line, ServedUnit unit, ScoreRow row, string id)
    {
        if (unit.IsUsable && Run(line, new Arm(unit, ServingLine.ShadowMode), row, id, time.GetTimestamp(), time.GetUtcNow()) is { } run)
            desk.TryAdd(run.Prediction);
    }

    // Null: the model did not run, or has features that the row cannot have.
    private (ScoreAnswer Answer, Prediction Prediction)? Run(ServingLine line, Arm arm, ScoreRow row, string id, long began, DateTimeOffset made)
    {
        var (unit, model) = (arm.Unit, arm.Unit.Loaded!);
        if ((row.Bundle is not null && !model.IsOverEvents) || !unit.Breaker.TryPass())
            return null;
        if (!model.TryEnter())
        {
            unit.Breaker.Succeeded(); // it is on no shelf any more, which is no fault
            return null;
        }

        try
        {
            var values = row.InputsOf(model);
            var score = ModelScore.None(model.Unit);
            try
            {
                model.Score(values, new Span<ModelScore>(ref score));
                unit.Breaker.Succeeded();
            }
            catch (ScoringFailedException)
            {
                unit.Breaker.Failed();
                desk.Add(new RunFailure(line.Name, unit.Version, model, made));
                log.RunFailed(line.Name, unit.Version, unit.Breaker.IsOpen ? "open" : "closed");
                Guard(line, unit, unit.Rows.Count(failed: true, bad: false, time.GetElapsedTime(began)));
                return null;
            }

            return Answered(line, arm, row, id, made, values, score, time.GetElapsedTime(began));
        }
        finally
        {
            model.Exit();
        }
    }

    private static (ScoreAnswer Answer, Prediction Prediction) Answered(
        ServingLine line, Arm arm, ScoreRow row, string id, DateTimeOffset made, float[] values, ModelScore score, TimeSpan elapsed)
    {
        var (unit, features) = (arm.Unit, arm.Unit.Loaded!.Features);
        var (missing, implausible, needed) = Look(features, values);
        var reason = !score.IsNone ? null : needed.IsEmpty ? NoScore.NotComputable : NoScore.Missing(needed);
        Guard(line, unit, unit.Rows.Count(failed: false, bad: !needed.IsEmpty || !implausible.IsEmpty || row.Bundle is { Refused: > 0 }, elapsed));
        var answer = new ScoreAnswer
        {
            Prediction = id,
            Given = score,
            Reached = score is { IsNone: false, IsNumber: false } ? unit.Loaded!.Study.Evaluation.Reached((float)score.Value) : null,
            Version = unit.Version.ToString(),
            Model = unit.Model.ToString(),
            Mode = arm.Mode,
            Missing = missing,
            Implausible = implausible,
            RefusedEntries = row.Bundle?.Refused ?? 0,
            Reason = reason,
        };
        return (answer, new Prediction(id, made, line.Name, unit.Version, unit.Model, arm.Mode, row.Patient, row.At, score, reason?.Code, elapsed, missing.Length, implausible.Length)
        {
            Inputs = (unit.Loaded!, values),
        });
    }

    private static void Guard(ServingLine line, ServedUnit unit, WithdrawalReason? verdict)
    {
        if (verdict is { } reason)
            line.Withdraw(unit, reason);
    }

    // By the rule of training: what is implausible counts as missing, and a row that lacks what must be there has no score.
    internal static (ImmutableArray<string> Missing, ImmutableArray<string> Implausible, ImmutableArray<string> Needed) Look(ImmutableArray<Feature> features, float[] values)
    {
        ImmutableArray<string> missing = [], implausible = [], needed = [];
        for (var i = 0; i < features.Length; i++)
        {
            if (!float.IsNaN(InputEncoder.Plausible(features[i], values[i])))
                continue;
            if (float.IsNaN(values[i]))
                missing = missing.Add(features[i].Name);
            else
                implausible = implausible.Add(features[i].Name);
            if (features[i].Missing == MissingRule.ExcludeRow)
                needed = needed.Add(features[i].Name);
        }

        return (missing, implausible, needed);
    }
}
