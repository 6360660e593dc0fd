using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Events as columns: what a segment holds, and what is gathered until there is enough for one.</summary>
/// <param name="most">See <see cref="Room"/>.</param>
internal sealed class EventColumns(int most = 1)
{
    public int[] Patient = [];
    public long[] Encounter = [];
    public int[] Kind = [];
    public long[] Time = [];
    public long[] End = [];
    public long[] Available = [];
    public int[] Flags = [];
    public int[] Concept = [];
    public double[] Number = [];
    public int[] Value = [];
    public int[] Unit = [];
    public int[] File = [];
    public long[] Line = [];

    public int Rows { get; set; }

    public void Add(in ClinicalEvent item, int file, long line)
    {
        if (Rows == Patient.Length)
            Reserve(Room.After(Rows, most));
        var row = Rows++;
        Patient[row] = item.Patient;
        Encounter[row] = item.Encounter;
        Kind[row] = (int)item.Kind;
        Time[row] = item.Time.Microseconds;
        End[row] = item.End.Microseconds;
        Available[row] = item.Available.Microseconds;
        Flags[row] = (int)item.Flags;
        Concept[row] = item.Concept;
        Number[row] = item.Number;
        Value[row] = item.Value;
        Unit[row] = item.Unit;
        File[row] = file;
        Line[row] = line;
    }

    public ClinicalEvent this[int row] => new(
        (EventKind)Kind[row], Patient[row], Encounter[row], new(Time[row]), new(End[row]), new(Available[row]), (EventFlags)Flags[row], Concept[row], Number[row], Value[row], Unit[row]);

    /// <summary>How a row names what it says. Values of other kinds are no answers: a sex, an organisation.</summary>
    public ConceptUse UseOf(int row)
    {
        var hasNumber = !double.IsNaN(Number[row]);
        return new((EventKind)Kind[row], Concept[row], Kind[row] == (int)EventKind.Observation ? Value[row] : -1, hasNumber, hasNumber ? Unit[row] : -1);
    }

    /// <summary>Makes room for <paramref name="rows"/> rows, keeping those that are there.</summary>
    public void Reserve(int rows)
    {
        Room.Make(ref Patient, Rows, rows);
        Room.Make(ref Encounter, Rows, rows);
        Room.Make(ref Kind, Rows, rows);
        Room.Make(ref Time, Rows, rows);
        Room.Make(ref End, Rows, rows);
        Room.Make(ref Available, Rows, rows);
        Room.Make(ref Flags, Rows, rows);
        Room.Make(ref Concept, Rows, rows);
        Room.Make(ref Number, Rows, rows);
        Room.Make(ref Value, Rows, rows);
        Room.Make(ref Unit, Rows, rows);
        Room.Make(ref File, Rows, rows);
        Room.Make(ref Line, Rows, rows);
    }

    /// <summary>The rows of <paramref name="order"/>, in that order, into columns that are kept for the next time.</summary>
    public void Gather(EventColumns from, ReadOnlySpan<int> order)
    {
        Rows = 0;
        if (Patient.Length < order.Length)
            Reserve(order.Length);
        Rows = order.Length;
        Take(from.Patient, Patient, order);
        Take(from.Encounter, Encounter, order);
        Take(from.Kind, Kind, order);
        Take(from.Time, Time, order);
        Take(from.End, End, order);
        Take(from.Available, Available, order);
        Take(from.Flags, Flags, order);
        Take(from.Concept, Concept, order);
        Take(from.Number, Number, order);
        Take(from.Value, Value, order);
        Take(from.Unit, Unit, order);
        Take(from.File, File, order);
        Take(from.Line, Line, order);
    }

    /// <summary>Appends every value to a hash.</summary>
    public void AppendTo(IncrementalHash hash)
    {
        Append(hash, Patient);
        Append(hash, Encounter);
        Append(hash, Kind);
        Append(hash, Time);
        Append(hash, End);
        Append(hash, Available);
        Append(hash, Flags);
        Append(hash, Concept);
        Append(hash, Number);
        Append(hash, Value);
        Append(hash, Unit);
        Append(hash, File);
        Append(hash, Line);
    }

    private void Append<T>(IncrementalHash hash, T[] column)
        where T : unmanaged => hash.AppendData(MemoryMarshal.AsBytes(column.AsSpan(0, Rows)));

    private static void Take<T>(T[] from, T[] to, ReadOnlySpan<int> order)
    {
        for (var i = 0; i < order.Length; i++)
            to[i] = from[order[i]];
    }
}
