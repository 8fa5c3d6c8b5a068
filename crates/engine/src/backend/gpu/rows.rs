//! Data sets that stay on the device, and the dispatch that gathers an input's rows from one at the beginning of a run.
//! A batch then needs only the images' indices, not their pixels.

use std::collections::HashMap;

use super::device::GpuDevice;
use super::loaded::{Range, Ready, storage};
use super::pipelines::Pipelines;
use super::wgsl;
use crate::backend::{ResidentDataset, RowValues};

/// Bytes sent to the device at a time while a data set arrives, so that a batch need not wait for all 47 MB.
const UPLOAD_BYTES: usize = 1 << 23;

/// Data sets of a device, by name.
#[derive(Default)]
pub struct Tables {
    tables: HashMap<String, Table>,
}

pub struct Table {
    buffer: wgpu::Buffer,
    /// Number of bytes already on the device.
    sent_bytes: usize,
    /// For rows of bytes.
    dequantization: Option<wgpu::Buffer>,
}

impl Tables {
    /// Forgets all data sets.
    pub fn clear(&mut self) {
        self.tables.clear();
    }

    /// Sends more of the bytes that have arrived. Returns the table once it has all of them.
    pub fn send(&mut self, GpuDevice { device, queue, .. }: &GpuDevice, table: &ResidentDataset<'_>) -> Option<&Table> {
        if !self.tables.contains_key(table.name) {
            let buffer = storage(device, (table.rows * table.row_bytes()).div_ceil(4));
            let dequantization = match table.values {
                RowValues::Bytes { dequantization: numbers, .. } => {
                    let buffer = storage(device, numbers.len());
                    queue.write_buffer(&buffer, 0, bytemuck::cast_slice(numbers));
                    Some(buffer)
                }
                RowValues::Words(_) => None,
            };
            self.tables.insert(table.name.to_owned(), Table { buffer, sent_bytes: 0, dequantization });
        }
        let own = self.tables.get_mut(table.name)?;
        let begin = own.sent_bytes / 4 * 4;
        let bytes = table.bytes();
        let end = bytes.len().min(own.sent_bytes + UPLOAD_BYTES);
        if end > own.sent_bytes {
            // Only whole words are written; the last one is written again when its rest has arrived.
            let (words, rest) = bytes[begin..end].as_chunks::<4>();
            queue.write_buffer(&own.buffer, begin as u64, words.as_flattened());
            if !rest.is_empty() {
                let mut last = [0; 4];
                last[..rest.len()].copy_from_slice(rest);
                queue.write_buffer(&own.buffer, (begin + 4 * words.len()) as u64, &last);
            }
            own.sent_bytes = end;
        }
        (end == bytes.len()).then_some(own)
    }
}

/// Rows that a plan gathers.
#[derive(Default)]
pub struct Rows {
    gathers: Vec<Gather>,
    /// Slot with which the next run begins.
    next: Option<usize>,
}

struct Gather {
    table: String,
    slot: usize,
    rows: wgpu::Buffer,
    command: Ready,
}

impl Rows {
    /// Lets the next runs gather these rows of a data set for a slot.
    pub fn set(
        &mut self,
        GpuDevice { device, queue, .. }: &GpuDevice,
        own: &Table,
        table: &ResidentDataset<'_>,
        (slot, output): (usize, &Range),
        rows: &[u32],
        pipelines: &mut Pipelines,
    ) {
        let found = self.gathers.iter().position(|gather| gather.slot == slot && gather.table == table.name);
        let index = found.unwrap_or_else(|| {
            let buffer = storage(device, rows.len());
            let (text, workgroups) = wgsl::rows(table.width, rows.len(), own.dequantization.is_none());
            let sources = [Some(&own.buffer), Some(&buffer), own.dequantization.as_ref()];
            let ranges: Vec<Range> = sources.into_iter().flatten().map(Range::whole).chain([output.clone()]).collect();
            let command = Ready::dispatch(device, pipelines, &text, &ranges, 1, workgroups);
            self.gathers.push(Gather { table: table.name.to_owned(), slot, rows: buffer, command });
            self.gathers.len() - 1
        });
        queue.write_buffer(&self.gathers[index].rows, 0, bytemuck::cast_slice(rows));
        self.next = Some(index);
    }

    /// Forgets all data sets.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Stops gathering for a slot, which is written in another way.
    pub fn forget(&mut self, slot: usize) {
        self.next = self.next.filter(|&index| self.gathers[index].slot != slot);
    }

    /// Returns the command with which the next run begins.
    pub fn command(&self) -> Option<&Ready> {
        Some(&self.gathers.get(self.next?)?.command)
    }
}
