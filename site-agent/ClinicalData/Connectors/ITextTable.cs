using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A table whose values come out as text, whatever it is kept in: they are typed by <see cref="TextValues"/>, by one rule for all.</summary>
internal interface ITextTable
{
    /// <summary>Name of its file within the export, or of the table.</summary>
    string Name { get; }

    /// <summary>Names of its columns, in order, as they stand there.</summary>
    ImmutableArray<string> Columns { get; }

    /// <summary>Reads its rows, in their order.</summary>
    /// <param name="columns">Numbers of the columns to read.</param>
    /// <param name="refuse">Told of each line that is no row, when its turn comes.</param>
    /// <exception cref="DatasetException">It cannot be read at all; so does <see cref="ITextRows.Read"/>.</exception>
    ITextRows Read(IReadOnlyList<int> columns, RefuseLine refuse);
}

/// <summary>Rows of a table, one after the other.</summary>
internal interface ITextRows : IDisposable
{
    /// <summary>Line on which the present row begins, or its number in what has no lines; from 1.</summary>
    long Line { get; }

    /// <summary>A field of the present row, trimmed; empty: no value.</summary>
    /// <param name="field">Its place among the columns that were asked for.</param>
    string this[int field] { get; }

    /// <summary>Goes on to the next row; false: there is none.</summary>
    bool Read();
}

/// <summary>A line that is no row.</summary>
/// <param name="line">Which, from 1.</param>
/// <param name="fault">What is wrong with it.</param>
/// <param name="words">The same in the engine's words, without any value.</param>
internal delegate void RefuseLine(long line, RecordFault fault, string words);
