namespace FederatedClinicalMl.Studies;

/// <summary>Finds what somebody probably meant.</summary>
internal static class Nearest
{
    /// <summary>"Did you mean 'x'?" for the nearest of <paramref name="known"/>, or null where none is near.</summary>
    public static string? Suggest(string typed, IEnumerable<string> known) => Find(typed, known) is { } word ? $"Did you mean '{word}'?" : null;

    /// <summary>The nearest of <paramref name="known"/>, or null where none is near.</summary>
    public static string? Find(string typed, IEnumerable<string> known)
    {
        if (typed.Length > 64)
            return null; // a distance to something that long says nothing, and costs
        var tolerance = Math.Max(2, typed.Length / 3);
        var nearest = known.Select(word => (Word: word, Distance: Distance(Plain(typed), Plain(word)))).DefaultIfEmpty().MinBy(pair => pair.Distance);
        return nearest.Word is not null && nearest.Distance <= tolerance ? nearest.Word : null;
    }

    private static string Plain(string word) => word.Replace('_', '-').ToLowerInvariant();

    // Levenshtein (1966): the least number of characters inserted, removed or replaced.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
