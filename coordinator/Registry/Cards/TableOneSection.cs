namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What the sites' rows are like, in a card: flow and Table 1, where the consortium asked for it.</summary>
internal static class TableOneSection
{
    /// <summary>The section; none where the profile is not here.</summary>
    public static IEnumerable<CardSection> Of(ModelFacts facts)
    {
        if (facts.Evidence.Profile is not { } profile)
            yield break;
        var table = Learning.TableOne.Of(facts.Study, profile);
        yield return new CardSection("Training data: flow and Table 1", [
            new CardTable(table.Heads, table.Rows),
            new CardText("Training and test rows together, at the hospitals that answered, of the day on which the profile was made, which need not be that of the training. 'withheld': fewer than a hospital lets out, or it would follow from another figure; what one hospital withholds is not in the sum either.")]);
    }
}
