using System.Globalization;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>Days (UTC) as they are written: <c>2027-03-01</c>.</summary>
public static class CalendarDay
{
    private const string Form = "yyyy-MM-dd";

    /// <summary>A day as it is written.</summary>
    public static string Text(DateOnly day) => day.ToString(Form, CultureInfo.InvariantCulture);

    /// <summary>The day that a text is, from 2001 to 2999: the week and the month of each such day are days too, and begin in these years.</summary>
    public static bool TryParse(string? text, out DateOnly day) =>
        DateOnly.TryParseExact(text, Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out day) && day.Year is >= 2001 and <= 2999; // 2001-01-01 is a Monday

    internal static DateOnly Read(JsonFields fields, string name)
    {
        if (!TryParse(fields.Text(name, Form.Length), out var day))
            fields.Fail(name, "be a day, such as 2027-03-01");
        return day;
    }
}
