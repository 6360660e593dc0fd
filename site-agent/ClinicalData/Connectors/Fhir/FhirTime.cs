namespace FederatedClinicalMl.ClinicalData;

/// <summary>A date or time of a resource.</summary>
/// <param name="Time">The moment that it stands for; <see cref="ClinicalTime.None"/>: it is not there.</param>
/// <param name="Flags"><see cref="EventFlags.DateOnly"/> where it gives no time of day.</param>
internal readonly record struct FhirTime(ClinicalTime Time, EventFlags Flags)
{
    // What ClinicalTime can turn into a date.
    private static readonly ClinicalTime s_first = ClinicalTime.Of(DateTimeOffset.MinValue);
    private static readonly ClinicalTime s_last = ClinicalTime.Of(DateTimeOffset.MaxValue);

    /// <summary>None.</summary>
    public static FhirTime None => new(ClinicalTime.None, EventFlags.None);

    /// <summary>Whether it is there.</summary>
    public bool IsKnown => Time.IsKnown;

    /// <summary>This one, or another where this is not there.</summary>
    public FhirTime Or(FhirTime other) => IsKnown ? this : other;

    /// <summary>
    /// Reads a date, dateTime or instant (https://hl7.org/fhir/R4/datatypes.html): a year, a month, a day, or a day with time to the second or finer
    /// (what is finer than a microsecond is cut off) and offset. A year, month or day stands for its last microsecond at the hospital.
    /// </summary>
    /// <returns>False: written in another way, or no day or time of the calendar.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, ClinicalClock clock, out FhirTime time)
    {
        time = None;
        if (!TryDay(text, out var day, out var length) || (length < text.Length && (length != 10 || text[10] != 'T')))
            return false;
        if (length == text.Length)
            time = new FhirTime(clock.EndOfDay(day), EventFlags.DateOnly);
        else if (TryTimeOfDay(text[11..], out var sinceMidnight))
            time = new FhirTime(new ClinicalTime((day.DayNumber * (long)TimeSpan.MicrosecondsPerDay) + s_first.Microseconds + sinceMidnight), EventFlags.None);
        if (!time.IsKnown)
            return false;
        if (time.Time < s_first || time.Time > s_last) // an offset or a time zone carries it over the calendar's edge: 9999-12-31 means "open" in many systems
            time = time with { Time = time.Time < s_first ? s_first : s_last };
        return true;
    }

    // YYYY, YYYY-MM or YYYY-MM-DD: the last day of it, and how many bytes it takes.
    private static bool TryDay(ReadOnlySpan<byte> text, out DateOnly day, out int length)
    {
        (day, length) = (default, 4);
        if (!TryDigits(text, 0, 4, 1, 9999, out var year))
            return false;
        var month = 12;
        if (text.Length > 4)
        {
            length = 7;
            if (text[4] != '-' || !TryDigits(text, 5, 2, 1, 12, out month))
                return false;
        }

        var dayOfMonth = DateTime.DaysInMonth(year, month);
        if (text.Length > 7)
        {
            length = 10;
            if (text[7] != '-' || !TryDigits(text, 8, 2, 1, dayOfMonth, out dayOfMonth))
                return false;
        }

        day = new DateOnly(year, month, dayOfMonth);
        return true;
    }

    // hh:mm:ss[.fraction](Z|+hh:mm|-hh:mm): microseconds since midnight UTC.
    private static bool TryTimeOfDay(ReadOnlySpan<byte> text, out long microseconds)
    {
        microseconds = 0;
        if (!TryDigits(text, 0, 2, 0, 23, out var hour) || text.Length < 9 || text[2] != ':' || !TryDigits(text, 3, 2, 0, 59, out var minute)
            || text[5] != ':' || !TryDigits(text, 6, 2, 0, 60, out var second))
            return false;
        microseconds = ((((hour * 60L) + minute) * 60) + second) * 1_000_000;
        text = text[8..];
        if (text[0] == '.')
        {
            var end = text[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9') + 1;
            if (end < 2)
                return false;
            var scale = 100_000;
            foreach (var digit in text[1..Math.Min(end, 7)])
            {
                microseconds += (digit - '0') * scale;
                scale /= 10;
            }

            text = text[end..];
        }

        if (text.SequenceEqual("Z"u8))
            return true;
        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || !TryDigits(text, 1, 2, 0, 14, out var hours) || text[3] != ':'
            || !TryDigits(text, 4, 2, 0, hours == 14 ? 0 : 59, out var minutes))
            return false;
        var offset = ((hours * 60L) + minutes) * 60_000_000;
        microseconds -= text[0] == '+' ? offset : -offset;
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, int start, int count, int least, int most, out int number)
    {
        number = 0;
        if (text.Length < start + count)
            return false;
        for (var i = start; i < start + count; i++)
        {
            var digit = (uint)text[i] - '0';
            if (digit > 9)
                return false;
            number = (number * 10) + (int)digit;
        }

        return number >= least && number <= most;
    }
}
